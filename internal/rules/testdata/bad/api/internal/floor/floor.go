// Package floor is not listed.
package floor

// Exported is not public.
func Exported() {}
