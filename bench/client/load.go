package client

import "sync"

// batch is how many commands are in flight while loading, per connection.
const batch = 512

// loaders is the number of connections that load side by side.
const loaders = 2

// Put sends one command, the i-th, whose reply is no array. It uses
// Begin and Arg and does not flush.
type Put func(c *Conn, i int)

// Load sends put's commands 0 to n-1 over pipelined connections and waits for
// all replies. step, when not nil, hears how many were answered since its last
// call; it is called from several goroutines. Commands of one connection are
// sent in order, and connection k has every loaders-th batch.
func Load(addr string, n int, put Put, step func(int)) error {
	errs := make(chan error, loaders)
	var wg sync.WaitGroup
	for k := range loaders {
		wg.Go(func() { errs <- loadPart(addr, k, n, put, step) })
	}
	wg.Wait()
	for range loaders {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func loadPart(addr string, k, n int, put Put, step func(int)) error {
	c, err := Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for from := k * batch; from < n; from += loaders * batch {
		to := min(from+batch, n)
		for i := from; i < to; i++ {
			put(c, i)
		}
		if err := c.Flush(); err != nil {
			return err
		}
		if err := c.Skip(to - from); err != nil {
			return err
		}
		if step != nil {
			step(to - from)
		}
	}
	return nil
}
