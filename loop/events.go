package loop

import (
	"runtime"
	"time"

	"github.com/tidwall/evio"
	"golang.org/x/sys/unix"
)

// opened is evio's event. It makes our Conn, or recognises the control connection.
func (l *Loop) opened(ec evio.Conn) ([]byte, evio.Options, evio.Action) {
	opts := evio.Options{ReuseInputBuffer: true}
	fd, poll, err := peek(ec)
	if err != nil {
		l.fatal = err
		return nil, opts, evio.Shutdown
	}
	unix.CloseOnExec(fd)
	if l.poll < 0 {
		l.poll = poll
		l.findListeners(fd)
	}
	l.checkDescriptors(fd)
	if ec.AddrIndex() == 0 {
		if !trustedControl(fd) {
			unix.Shutdown(fd, unix.SHUT_RDWR)
			return nil, opts, evio.None
		}
		ec.SetContext(l)
		if !l.ticking {
			l.ticking = true
			l.After(0, l.tick)
		}
		return nil, opts, evio.None
	}
	if l.draining {
		unix.Shutdown(fd, unix.SHUT_RDWR)
		return nil, opts, evio.None
	}
	c := newConn(l, ec, fd)
	ec.SetContext(c)
	if !c.isUnix {
		tuneTCP(fd, l.keepAliveTime())
	}
	l.conns[c] = struct{}{}
	if !l.h.Opened(c) {
		delete(l.conns, c)
		c.refused = true
		c.Close()
	}
	return nil, opts, evio.None
}

// data is evio's event: input of a client, or a wake-up.
func (l *Loop) data(ec evio.Conn, in []byte) ([]byte, evio.Action) {
	c, ok := ec.Context().(*Conn)
	if !ok {
		if ec.Context() == any(l) {
			return nil, l.turn()
		}
		return nil, evio.None
	}
	if c.opening {
		c.settleOpen()
	}
	if c.dead || c.closing || l.draining {
		return nil, evio.None
	}
	l.reads++
	n := len(in)
	l.h.Data(c, in)
	if l.breath.note(c, n) {
		now := time.Now()
		l.breath.decide(now)
		l.yield(now)
	}
	if l.breath.on {
		l.breathe()
	}
	return nil, evio.None
}

const yieldEvery = 5 * time.Millisecond

// yield lets the Go scheduler see the loop from time to time. A goroutine that only makes system calls never
// passes through it; after 10 ms the runtime's monitor thread takes its processor away, which costs several futex calls and
// keeps that thread polling every 20 µs instead of sleeping. More often than needed would be no better: each visit may move the
// loop to another thread.
func (l *Loop) yield(now time.Time) {
	if now.Sub(l.yielded) >= yieldEvery {
		l.yielded = now
		runtime.Gosched()
	}
}

// closed is evio's event, for the end of a stream and for read errors. The descriptor is closed already.
func (l *Loop) closed(ec evio.Conn, err error) evio.Action {
	c, ok := ec.Context().(*Conn)
	if !ok {
		if ec.Context() == any(l) && !l.stop {
			return evio.Shutdown // without wake-ups there is no loop
		}
		return evio.None
	}
	c.evioClosed(err)
	return evio.None
}

// turn runs what is due: posted functions, then timers. While nothing else happens it goes on with timers
// instead of going back to evio.
func (l *Loop) turn() evio.Action {
	l.post.run()
	l.timer.run()
	if l.quiet() {
		l.rest()
	}
	if !l.stop {
		return evio.None
	}
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
	return evio.Shutdown
}

// quiet reports whether nothing was read since the last turn.
func (l *Loop) quiet() bool {
	was := l.restReads
	l.restReads = l.reads
	return l.reads == was && l.poll >= 0 && !l.stop
}

// rest runs timers until evio's poll has an event.
func (l *Loop) rest() {
	if pollReady(l.poll) {
		return
	}
	r := newRester(l.poll)
	if r == nil {
		return
	}
	defer r.close()
	l.timer.disarm()
	for !l.stop && !pollReady(l.poll) {
		r.wait(l.timer.next())
		l.timer.run()
	}
	l.timer.rearm()
}

// tick calls the handler's cron and looks after descriptors.
func (l *Loop) tick() {
	if l.draining {
		return
	}
	l.probeDescriptors()
	d := l.h.Tick()
	if d <= 0 {
		d = defaultTick
	}
	l.After(d, l.tick)
}
