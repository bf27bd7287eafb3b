package command

// clock is the server's time. The system is asked for its monotonic time once per event; the wall clock
// is that plus an offset, which is looked up anew every tenth of a second, so that a clock set by hand is followed soon.
type clock struct {
	nano     int64 // monotonic, at the last look
	offset   int64 // from monotonic to Unix nanoseconds
	lookedAt int64 // when offset was looked up, monotonic
}

const offsetNanos = 100e6

// look asks for the time and returns it in Unix milliseconds.
func (c *clock) look(env *Env) int64 {
	c.nano = env.MonoNano()
	if c.nano-c.lookedAt >= offsetNanos || c.lookedAt == 0 {
		c.lookedAt = c.nano
		c.offset = env.UnixNano() - c.nano
	}
	return (c.nano + c.offset) / 1e6
}
