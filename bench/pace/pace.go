// Package pace sends requests at a given rate whatever the server does (an
// open loop) and measures each latency from the moment at which the request
// was due, not from when it could be sent: a server that stops for 100 ms is
// charged with every request that it kept waiting.
//
// One thread drives all connections with poll(2), because goroutine timers are
// a millisecond coarse on an idle process and the scheduler would show up in
// the figures. With Rate 0 the loop is closed: each connection sends its next
// request when it has its answer, which finds the greatest load.
package pace

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// drainTimeout bounds how long the end of a run waits for missing answers.
const drainTimeout = 30 * time.Second

// Load is what to send: GET and SET on uniformly random keys. Key i is named
// Key(i).
type Load struct {
	Addr  string        // IPv4 host:port
	Conns int           // connections
	Rate  float64       // requests a second over all connections; 0 closes the loop
	Keys  int           // size of the key space
	Reads float64       // share of GET, 0 to 1; the others are SET
	Value int           // size of the values in bytes
	Seed  uint64        // of keys, arrivals and the choice of commands
	Slice time.Duration // width of the entries of Result.Worst
}

// Result is what one run measured.
type Result struct {
	Latency  *hdrhistogram.Histogram // nanoseconds
	Requests int                     // answered
	Elapsed  time.Duration           // the sending, without the final wait for answers
	Worst    []time.Duration         // greatest latency of the requests due in each slice
}

// PerSecond is the rate at which requests were answered.
func (r *Result) PerSecond() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// At is the latency that p percent of the requests did not exceed.
func (r *Result) At(p float64) time.Duration {
	return time.Duration(r.Latency.ValueAtQuantile(p))
}

// Max is the greatest latency.
func (r *Result) Max() time.Duration { return time.Duration(r.Latency.Max()) }

// AppendKey appends the name of key i, 16 bytes, which is also the name that
// redis-benchmark gives it.
func AppendKey(b []byte, i int) []byte {
	b = append(b, "key:000000000000"...)
	for p := len(b) - 1; i > 0 && b[p] != ':'; p-- {
		b[p] = byte('0' + i%10)
		i /= 10
	}
	return b
}

// Run sends until stop is closed and then waits for the missing answers. An
// error reply ends the run.
func (l Load) Run(stop <-chan struct{}) (*Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	d, err := newDriver(l)
	if err != nil {
		return nil, err
	}
	defer d.close()
	for running := true; running; {
		select {
		case <-stop:
			running = false
		default:
			if err := d.turn(); err != nil {
				return nil, err
			}
		}
	}
	d.result.Elapsed = d.now()
	return d.result, d.drain()
}

// RunFor is Run for a time.
func (l Load) RunFor(t time.Duration) (*Result, error) {
	stop := make(chan struct{})
	timer := time.AfterFunc(t, func() { close(stop) })
	defer timer.Stop()
	return l.Run(stop)
}

// A driver owns the connections and the schedule. Times are measured from
// start.
type driver struct {
	Load
	start  time.Time
	rng    *rand.Rand
	value  []byte
	conns  []*conn
	set    []unix.PollFd // reused by poll
	due    time.Duration // of the next request in an open loop
	open   int           // requests without an answer
	ending bool          // no new requests
	result *Result
}

func newDriver(l Load) (*driver, error) {
	d := &driver{Load: l, rng: rand.New(rand.NewPCG(l.Seed, 1)), value: make([]byte, l.Value)}
	for i := range d.value {
		d.value[i] = byte('a' + i%26)
	}
	d.result = &Result{Latency: hdrhistogram.New(1, int64(10*time.Minute), 3)}
	for range l.Conns {
		c, err := dial(l.Addr)
		if err != nil {
			d.close()
			return nil, err
		}
		d.conns = append(d.conns, c)
	}
	d.start = time.Now()
	if l.Rate == 0 {
		for _, c := range d.conns {
			d.send(c, 0)
		}
	}
	return d, nil
}

func (d *driver) close() {
	for _, c := range d.conns {
		c.close()
	}
}

func (d *driver) now() time.Duration { return time.Since(d.start) }

// turn sends what is due and handles what has arrived, waiting for one or the
// other.
func (d *driver) turn() error {
	if d.Rate > 0 && !d.ending {
		for d.due <= d.now() {
			d.send(d.conns[d.rng.IntN(len(d.conns))], d.due)
			d.due += time.Duration(d.rng.ExpFloat64() / d.Rate * float64(time.Second))
		}
	}
	return d.poll()
}

func (d *driver) poll() error {
	wait := 10 * time.Millisecond
	if d.Rate > 0 && !d.ending {
		wait = min(wait, d.due-d.now())
	}
	var err error
	if d.set, err = waitFor(d.set, d.conns, wait); err != nil {
		return err
	}
	for _, c := range d.conns {
		if c.writable() {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if !c.readable() {
			continue
		}
		if err := d.receive(c); err != nil {
			return err
		}
	}
	return nil
}

func (d *driver) receive(c *conn) error {
	n, err := c.receive()
	if err != nil {
		return err
	}
	now := d.now()
	for range n {
		d.record(c.pop(), now)
		if d.Rate == 0 && !d.ending {
			d.send(c, now)
		}
	}
	return nil
}

func (d *driver) record(due, now time.Duration) {
	d.open--
	d.result.Requests++
	lat := now - due
	d.result.Latency.RecordValue(int64(lat))
	if d.Slice == 0 {
		return
	}
	i := int(due / d.Slice)
	for len(d.result.Worst) <= i {
		d.result.Worst = append(d.result.Worst, 0)
	}
	d.result.Worst[i] = max(d.result.Worst[i], lat)
}

// send writes one request and notes when it was due.
func (d *driver) send(c *conn, due time.Duration) {
	var name [16]byte
	key := AppendKey(name[:0], d.rng.IntN(d.Keys))
	if d.rng.Float64() < d.Reads {
		c.out = appendCommand(c.out, "GET", key, nil)
	} else {
		c.out = appendCommand(c.out, "SET", key, d.value)
	}
	c.due = append(c.due, due)
	d.open++
	if err := c.flush(); err != nil {
		c.err = err // the next receive reports it
	}
}

// drain waits for the answers that are still missing.
func (d *driver) drain() error {
	d.ending = true
	limit := time.Now().Add(drainTimeout)
	for d.open > 0 {
		if time.Now().After(limit) {
			return fmt.Errorf("%d requests without an answer after %v", d.open, drainTimeout)
		}
		if err := d.poll(); err != nil {
			return err
		}
	}
	if d.result.Requests == 0 {
		return errors.New("no request was sent")
	}
	return nil
}
