// Package messengertest is for tests.
package messengertest

import _ "testing"
