// Package order uses goroutines and channels.
package order

func concurrent(c chan int) {
	go concurrent(nil)
	c <- 1
	<-c
	select {
	default:
	}
}

// fine shadows the name of a package and ranges over what has an order.
func fine(time struct{ Now int }) (n int) {
	for _, v := range []int{time.Now} {
		n += v
	}
	return n
}
