// Package routing depends on the order of maps.
package routing

import (
	"maps"
	"slices"
)

type table map[string]int

type either interface{ ~map[int]int }

func ranges[M either](t table, m M) (sum int, keys []string) {
	for k := range t {
		keys = append(keys, k)
	}
	for range m {
		sum++
	}
	// order-free: a sum is the same in every order.
	for _, v := range t {
		sum += v
	}
	for _, v := range t { // order-free: as above
		sum += v
	}
	// order-free:
	for range t {
		sum++
	}
	for range undefined {
		sum++
	}
	keys = slices.Collect(maps.Keys(t))
	return sum, slices.Sorted(maps.Keys(t))
}
