package switchboard

import _ "testing"
