package wrapup

import "strconv"

// FieldError is one problem of a configuration, with the place where it is. It
// is an error, so that several can be joined with errors.Join and found again
// with errors.As.
type FieldError struct {
	// Path names the field as it is written in JSON, from the root of what was
	// validated: "queues[2].wrapUp.reasons[0].label".
	Path string `json:"path"`
	// Problem says what is wrong, without naming the field.
	Problem string `json:"problem"`
}

// Error returns "Path: Problem", or the problem alone if there is no path.
func (e FieldError) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

// field returns the path of the field name of the object at path.
func field(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// item returns the path of the i-th item of the list at path.
func item(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}
