// Package floor is not public.
package floor

func Exported() {}
