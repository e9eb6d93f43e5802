// Package switchboard has a function that is no test.
package switchboard

func TestHelper() {}
