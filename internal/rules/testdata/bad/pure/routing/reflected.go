package routing

import "reflect"

func reflected(m any) []reflect.Value {
	v := reflect.ValueOf(m)
	keys := v.MapKeys()
	// order-free: the keys are counted, no more.
	n := v.MapRange()
	n.Reset(v)
	return keys
}
