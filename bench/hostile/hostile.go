// Package hostile ill-treats a server with many clients at once: they write,
// block, subscribe, watch, track, monitor and run scripts at random, stop
// reading, and vanish in the middle of anything, by closing, by a reset, by
// closing one half, within a command, or killed by each other.
//
// When all have gone, nothing of them may be left in the server: no client,
// goroutine, descriptor, subscription, watch, waiter or tracked key, and no
// memory. The server is measured after a short storm, with empty databases,
// and again after the long one: what the second adds is a leak. Another client
// pings all the time and must be answered; at the end the log must give back
// the same data.
//
// The server is one built with the tag invariants, for its DEBUG INVARIANTS.
// A process that is killed looks like a close, or like a reset where input is
// unread: the kernel closes its descriptors for it.
package hostile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"spindle/bench/client"
	"spindle/bench/servers"
)

// Config says how long to do what to which server.
type Config struct {
	Duration time.Duration // of the long storm
	WarmUp   time.Duration // of the short one; a tenth of Duration, at most 20 s, when zero
	Clients  int           // at a time; 40 when zero
	Seed     uint64
	// Start runs the server with extra arguments.
	Start func(args ...string) (*servers.Server, error)
	// Tick hears about the progress; may be nil.
	Tick func(what string)
}

// serverArgs have the limits that clients run into within moments.
var serverArgs = []string{
	"--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-min-size", "4mb",
	"--notify-keyspace-events", "KEA", "--timeout", "2", "--busy-reply-threshold", "100",
	"--client-output-buffer-limit", "normal 16mb 4mb 2 pubsub 2mb 512kb 1",
	"--proto-max-bulk-len", "4mb", "--tracking-table-max-keys", "50",
}

// Result tells what was done and what was left.
type Result struct {
	Connections, Commands int64
	Vanished              [waysToVanish]int64 // how often each way was gone
	Pings, Busy           int64               // Busy: refused while a script ran, which was then killed
	SlowestPing           time.Duration
	Before, After         State
}

// State is a server without clients and without data.
type State struct {
	Used        int64 // used_memory
	RSS         int64 // -1 where the system does not tell
	Descriptors int   // the same
	Goroutines  int64
}

// A Violation is something that a server must not do.
type Violation struct{ What string }

func (v *Violation) Error() string { return v.What }

func violation(format string, a ...any) error { return &Violation{fmt.Sprintf(format, a...)} }

type run struct {
	Config
	server *servers.Server
	result Result
	pinger *pinger
	ctl    *client.Conn // asks after a storm
}

// Run goes through both storms. Its error is a *Violation when the server did
// what it must not do.
func Run(cfg Config) (*Result, error) {
	if cfg.Clients == 0 {
		cfg.Clients = 40
	}
	if cfg.WarmUp == 0 {
		cfg.WarmUp = min(cfg.Duration/10, 20*time.Second)
	}
	s, err := cfg.Start(serverArgs...)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	r := &run{Config: cfg, server: s}
	err = r.all()
	if v := new(Violation); err != nil && !errors.As(err, &v) && !s.Alive() {
		err = violation("the server is gone: %v\n%s", err, s.LogTail(60))
	}
	return &r.result, err
}

func (r *run) all() (err error) {
	if r.pinger, err = r.startPinger(); err != nil {
		return err
	}
	defer func() {
		if perr := r.pinger.stop(); perr != nil { // it saw the trouble first
			err = perr
		}
	}()
	r.tick("warming up")
	if err := r.fillSocket(); err != nil {
		return err
	}
	if r.result.Before, err = r.storm(1, r.WarmUp); err != nil {
		return err
	}
	r.tick("ill-treating")
	r.result.After, err = r.storm(2, r.Duration)
	if err != nil {
		return err
	}
	return r.compare()
}

// fillSocket asks for more than a socket holds before it reads: what a server keeps for slow readers as such, a poll
// and its thread, then belongs to the first measurement and is no leak in the second.
func (r *run) fillSocket() error {
	c, err := client.Dial(r.server.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Do("SET", "big", strings.Repeat("x", 2<<20)); err != nil {
		return err
	}
	const times = 4
	for range times {
		c.Send("GET", "big")
	}
	if err := c.Flush(); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond) // for replies to pile up
	return c.Skip(times)
}

func (r *run) tick(what string) {
	if r.Tick != nil {
		r.Tick(what)
	}
}

// storm lets the clients loose for a time and measures what is left when they have gone.
func (r *run) storm(number uint64, span time.Duration) (State, error) {
	var clients sync.WaitGroup
	var end atomic.Bool
	for i := range r.Clients {
		v := &villain{r: r, rng: rand.New(rand.NewPCG(r.Seed, number<<32|uint64(i))), end: &end}
		clients.Go(v.live)
	}
	for until := time.Now().Add(span); time.Now().Before(until) && r.pinger.failed() == nil && r.server.Alive(); {
		time.Sleep(min(time.Second, time.Until(until)))
		r.tick(fmt.Sprintf("%v left", time.Until(until).Round(time.Second)))
	}
	end.Store(true)
	clients.Wait()
	var err error
	if r.ctl, err = client.Dial(r.server.Addr); err != nil { // not before: the server would hang up on it
		return State{}, err
	}
	defer r.ctl.Close()
	if err := r.drained(); err != nil {
		return State{}, err
	}
	if err := r.logAgrees(); err != nil {
		return State{}, err
	}
	return r.state()
}

// pinger is the well-behaved client. It connects first: by its number, nobody kills it.
type pinger struct {
	r    *run
	conn *client.Conn
	end  chan struct{}
	done chan struct{}
	err  atomic.Pointer[error]
}

func (r *run) startPinger() (*pinger, error) {
	c, err := client.Dial(r.server.Addr)
	if err != nil {
		return nil, err
	}
	p := &pinger{r: r, conn: c, end: make(chan struct{}), done: make(chan struct{})}
	go p.ping()
	return p, nil
}

// answerLimit is far above what is expected: the machine may be busy.
const answerLimit = 30 * time.Second

func (p *pinger) ping() {
	defer close(p.done)
	for {
		select {
		case <-p.end:
			return
		case <-time.After(2 * time.Millisecond):
		}
		hung := time.AfterFunc(answerLimit, func() { p.conn.Close() })
		start := time.Now()
		_, err := p.conn.Do("PING")
		hung.Stop()
		took := time.Since(start)
		p.r.result.Pings++
		p.r.result.SlowestPing = max(p.r.result.SlowestPing, took)
		if _, busy := err.(client.Error); busy { // a script runs on and on
			p.r.result.Busy++
			_, err = p.conn.Do("SCRIPT", "KILL")
			if _, over := err.(client.Error); over {
				err = nil
			}
		}
		if err != nil {
			err = violation("PING was not answered, after %v: %v\n%s", took, err, p.r.server.LogTail(60))
			p.err.Store(&err)
			return
		}
	}
}

func (p *pinger) failed() error {
	if e := p.err.Load(); e != nil {
		return *e
	}
	return nil
}

func (p *pinger) stop() error {
	close(p.end)
	<-p.done
	p.conn.Close()
	return p.failed()
}
