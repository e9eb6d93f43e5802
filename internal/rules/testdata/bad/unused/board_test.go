package switchboard

import _ "github.com/benbjohnson/clock"
