package loop

import "time"

// Breathing. When many clients send pipelines and none of them waits for long, the loop is through with its work again and again before the
// next request arrives. To sleep for that request costs more than to serve it: the thread goes to sleep and is woken again, and
// the client's own write is what has to wake it. So the loop, instead of waiting in evio for the first request, takes a breath: it sleeps
// for a moment in which requests gather without waking anybody, as network cards hold interrupts back. Then it serves them all.
//
// It breathes only while that is so: requests are large (pipelines), come in thick succession and from many clients, and few of these have
// another one ready. If the loop were what they wait for, they all would, soon. What is ready is asked of evio's poll, once for as many
// events as it said were ready last time.

const (
	breathNanos    = 40_000 // a breath; what nobody notices in a pipeline
	breathWindow   = 64     // events after which it is decided again whether to breathe
	breathGapMax   = 30 * time.Microsecond
	breathBytesMin = 100 // of input per event, on average
	breathConnsMin = 16  // different connections in a window
	breathBatchMin = 8   // events that are ready: with so many there is no need to
)

type breath struct {
	on    bool
	batch int // events to come until evio's poll is looked at again

	window uint // number of the present window, from 1 on
	events int  // in it
	bytes  int
	conns  int
	began  time.Time
}

// note counts an event. It reports whether a window has ended.
func (b *breath) note(c *Conn, bytes int) (ended bool) {
	if c.window != b.window {
		c.window = b.window
		b.conns++
	}
	b.bytes += bytes
	b.events++
	return b.events == breathWindow
}

// decide begins a new window, in which the loop breathes if there was reason to in the last one.
func (b *breath) decide(now time.Time) {
	b.on = now.Sub(b.began) <= breathWindow*breathGapMax && b.bytes >= breathWindow*breathBytesMin && b.conns >= breathConnsMin
	b.window++
	b.events, b.bytes, b.conns, b.began = 0, 0, 0, now
}

// breathe is called after each event while breathing.
func (l *Loop) breathe() {
	b := &l.breath
	if b.batch--; b.batch > 0 {
		return
	}
	if b.batch = pollCount(l.poll); b.batch < breathBatchMin {
		nap(breathNanos)
		b.batch = max(1, pollCount(l.poll))
	}
}
