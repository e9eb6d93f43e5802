module github.com/switchboard-go/switchboard/internal/walktest/lineartest

go 1.25.0

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/switchboard-go/switchboard v0.0.0
)

require (
	github.com/benbjohnson/clock v1.3.5 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/sync v0.22.0 // indirect
)

replace github.com/switchboard-go/switchboard => ../../..
