package durability

import (
	"strconv"

	"spindle/bench/client"
)

// Ballast is strings and small hashes, so that a rewrite meets both. Key i
// holds i, or as a hash i and its double.

const ballastBatch = 1000 // keys that are asked for at once

func ballastKey(i int) string { return "ballast:" + strconv.Itoa(i) }

func (r *run) isHash(i int) bool { return r.hashes && i%4 == 0 }

func (r *run) putBallast(c *client.Conn, i int) {
	if !r.isHash(i) {
		head(c, 3, "SET", ballastKey(i))
		c.Int(int64(i))
		return
	}
	head(c, 6, "HSET", ballastKey(i))
	c.Arg("number")
	c.Int(int64(i))
	c.Arg("twice")
	c.Int(int64(2 * i))
}

// checkBallast reads all of it back.
func (r *run) checkBallast(c *client.Conn) error {
	for from := 0; from < r.Ballast; from += ballastBatch {
		to := min(from+ballastBatch, r.Ballast)
		for i := from; i < to; i++ {
			if r.isHash(i) {
				c.Send("HGET", ballastKey(i), "twice")
			} else {
				c.Send("GET", ballastKey(i))
			}
		}
		if err := c.Flush(); err != nil {
			return err
		}
		for i := from; i < to; i++ {
			if err := r.checkOne(c, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) checkOne(c *client.Conn, i int) error {
	want := i
	if r.isHash(i) {
		want = 2 * i
	}
	got, err := c.Receive()
	if err != nil {
		return err
	}
	if got.String() != strconv.Itoa(want) {
		return violation("%s is %q, want %d", ballastKey(i), got.String(), want)
	}
	return nil
}
