package switchboard

import "testing"

func TestE1(t *testing.T) {}
