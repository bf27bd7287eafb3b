package store

import "math/rand/v2"

// Clock is the 24-bit access clock of records: under LRU the second of the last access,
// under LFU the minute of the last decay (16 bits) and a logarithmic counter (8 bits),
// as described in Redis's redis.conf for maxmemory-policy, lfu-log-factor and lfu-decay-time.
type Clock struct {
	LFU       bool
	Frozen    bool // accesses leave the clocks alone
	LogFactor int
	DecayMins int
	seconds   uint32 // of Now, 24 bits
	minutes   uint32 // of Now, 16 bits
}

const (
	clockMask  = 1<<24 - 1
	lfuInitial = 5
)

// Clock returns the store's access clock, to be configured.
func (s *Store) Clock() *Clock { return &s.clock }

// SetNow sets the time, in Unix milliseconds, that all following calls see.
func (s *Store) SetNow(ms int64) {
	s.Now = ms
	s.clock.Advance(ms)
}

// Advance sets the clock to a time in Unix milliseconds.
func (c *Clock) Advance(ms int64) {
	sec := uint32(ms / 1000)
	c.seconds = sec & clockMask
	c.minutes = sec / 60 & 0xffff
}

// fresh is the clock of a new record.
func (c *Clock) fresh() uint32 {
	if c.LFU {
		return c.minutes<<8 | lfuInitial
	}
	return c.seconds
}

// touch notes an access.
func (c *Clock) touch(r record, rng *rand.Rand) {
	if c.Frozen {
		return
	}
	field := r.u32(4)
	was := *field >> 8
	now := c.seconds
	if c.LFU {
		now = c.minutes<<8 | c.increment(c.decayed(was), rng)
	}
	if now != was {
		*field = *field&0xff | now<<8
	}
}

// decayed is the counter of an LFU field as of now.
func (c *Clock) decayed(field uint32) uint32 {
	counter := field & 0xff
	if c.DecayMins == 0 {
		return counter
	}
	elapsed := (c.minutes - field>>8) & 0xffff
	return counter - min(counter, elapsed/uint32(c.DecayMins))
}

// increment raises a counter with a probability that falls as it grows.
func (c *Clock) increment(counter uint32, rng *rand.Rand) uint32 {
	if counter == 255 {
		return counter
	}
	base := max(float64(counter)-lfuInitial, 0)
	if rng.Float64() < 1/(base*float64(c.LogFactor)+1) {
		counter++
	}
	return counter
}

// idleSeconds is the time since the access that an LRU field holds.
func (c *Clock) idleSeconds(field uint32) int64 { return int64((c.seconds - field) & clockMask) }

// Idle returns the seconds since the key was last accessed; it means nothing under LFU.
func (k *Key) Idle() int64 { return k.db.s.clock.idleSeconds(*k.rec.u32(4) >> 8) }

// Freq returns the key's logarithmic access counter, 0 to 255; it means nothing under LRU.
func (k *Key) Freq() int64 { return int64(k.db.s.clock.decayed(*k.rec.u32(4) >> 8)) }

// SetIdle makes the key look as if it had last been accessed so many seconds ago.
func (k *Key) SetIdle(seconds int64) {
	at := (k.db.s.clock.seconds - uint32(min(seconds, clockMask))) & clockMask
	*k.rec.u32(4) = *k.rec.u32(4)&0xff | at<<8
}

// SetFreq sets the key's logarithmic access counter, 0 to 255.
func (k *Key) SetFreq(n uint8) {
	*k.rec.u32(4) = *k.rec.u32(4)&0xff | (k.db.s.clock.minutes<<8|uint32(n))<<8
}
