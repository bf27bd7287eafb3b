package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
	"spindle/bench/report"
	"spindle/bench/servers"
)

// The section pubsub: many subscribers of one channel, and many clients that only wait.
const (
	pubsubGoal    = 1.3  // messages per second, relative to the reference
	pubsubBatch   = 100  // PUBLISH in one write
	pubsubWindow  = 4000 // messages that the slowest subscriber may be behind
	blockedSpan   = 5 * time.Second
	payloadDigits = 16
)

// pubsubLimits lets a server keep what slow subscribers are behind: losing them would be right, but not the question.
var pubsubLimits = []string{"--client-output-buffer-limit", "pubsub 0 0 0"}

func (b *bench) pubsub(r *report.Report) error {
	var lim syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim) == nil {
		lim.Cur = lim.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim)
	}
	b.pinClient(true)
	defer b.pinClient(false)
	var fan [2]fanOut
	var idle [2]waiters
	args := append([]string{"--maxclients", strconv.Itoa(b.opt.waiters + b.opt.subscribers + 100)}, pubsubLimits...)
	for _, who := range sides {
		s, err := b.start(who, setting{pinned: true}, args...)
		if err != nil {
			return err
		}
		b.progress.Stepf("pubsub: %v, %d subscribers", who, b.opt.subscribers)
		if fan[who], err = publishTo(s, b.opt.subscribers, b.opt.messages); err != nil {
			return fmt.Errorf("%v: %w", who, err)
		}
		b.progress.Stepf("pubsub: %v, %d blocked clients", who, b.opt.waiters)
		if idle[who], err = blockMany(s, b.opt.waiters); err != nil {
			return fmt.Errorf("%v: %w", who, err)
		}
		b.stop(s)
	}
	b.reportPubsub(r, fan, idle)
	return nil
}

func (b *bench) reportPubsub(r *report.Report, fan [2]fanOut, idle [2]waiters) {
	t := r.Table(fmt.Sprintf("%d subscribers, %d messages", b.opt.subscribers, b.opt.messages), "", "redis", "spindle", "ratio", "goal")
	a, s := fan[redis].rate(), fan[spindle].rate()
	t.Row("messages delivered per second", fmt.Sprintf("%.0f", a), fmt.Sprintf("%.0f", s), ratio(s, a), atLeast(s, a, pubsubGoal))
	a, s = fan[redis].cpuEach(), fan[spindle].cpuEach()
	t.Row("server CPU per delivery, ns", fmt.Sprintf("%.0f", a), fmt.Sprintf("%.0f", s), ratio(s, a), "")
	t.Row("lost or out of order", fan[redis].wrong, fan[spindle].wrong, "", "0")
	if n := fan[spindle].wrong; n > 0 {
		b.broken = errors.Join(b.broken, fmt.Errorf("pubsub: %d subscribers missed messages", n))
	}
	w := r.Table(fmt.Sprintf("%d clients in BLPOP, on a key each", b.opt.waiters), "", "redis", "spindle")
	percent := func(x waiters) string { return fmt.Sprintf("%.3f", 100*float64(x.cpu)/float64(blockedSpan)) }
	w.Row(fmt.Sprintf("server CPU in %v without traffic, %%", blockedSpan), percent(idle[redis]), percent(idle[spindle]))
	w.Row("the same before they came, %", fmt.Sprintf("%.3f", 100*float64(idle[redis].before)/float64(blockedSpan)),
		fmt.Sprintf("%.3f", 100*float64(idle[spindle].before)/float64(blockedSpan)))
	w.Row("served by one push each, once", idle[redis].served, idle[spindle].served)
	r.Notef("each subscriber compares every message with the one that is due: nothing lost, nothing twice, in order")
	r.Notef("the publisher stays at most %d messages ahead of the slowest subscriber", pubsubWindow)
}

func atLeast(got, reference, goal float64) string {
	return verdict(got >= goal*reference, fmt.Sprintf(">= %.1f", goal))
}

// A fanOut is what publishing to many took.
type fanOut struct {
	deliveries int64
	took, cpu  time.Duration
	wrong      int // subscribers that did not get everything in order
}

func (f fanOut) rate() float64    { return float64(f.deliveries) / f.took.Seconds() }
func (f fanOut) cpuEach() float64 { return float64(f.cpu) / float64(f.deliveries) }

// publishTo sends numbered messages to all subscribers and waits until each has the last.
func publishTo(s *servers.Server, subscribers, messages int) (f fanOut, err error) {
	seen := make([]atomic.Int64, subscribers)
	var done sync.WaitGroup
	var wrong atomic.Int64
	for i := range seen {
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			return f, err
		}
		defer conn.Close()
		in := bufio.NewReaderSize(conn, 32<<10)
		if err := subscribeTo(conn, in); err != nil {
			return f, err
		}
		done.Go(func() {
			if err := follow(in, int64(messages), &seen[i]); err != nil {
				wrong.Add(1)
				seen[i].Store(int64(messages)) // nobody waits for it
			}
		})
	}
	publisher, err := client.Dial(s.Addr)
	if err != nil {
		return f, err
	}
	defer publisher.Close()
	start := time.Now()
	cpu, _ := proc.CPU(s.Pid())
	if err := publishAll(publisher, messages, subscribers, seen); err != nil {
		return f, err
	}
	done.Wait()
	f.took = time.Since(start)
	after, _ := proc.CPU(s.Pid())
	f.cpu = after - cpu
	f.deliveries = int64(subscribers) * int64(messages)
	f.wrong = int(wrong.Load())
	return f, nil
}

const pubsubChannel = "news"

func subscribeTo(conn net.Conn, in *bufio.Reader) error {
	if _, err := conn.Write([]byte("SUBSCRIBE " + pubsubChannel + "\r\n")); err != nil {
		return err
	}
	want := "*3\r\n$9\r\nsubscribe\r\n$4\r\n" + pubsubChannel + "\r\n:1\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(in, got); err != nil || string(got) != want {
		return fmt.Errorf("SUBSCRIBE: %q, %v", got, err)
	}
	return nil
}

// follow reads n messages and compares each with what is due.
func follow(in *bufio.Reader, n int64, seen *atomic.Int64) error {
	want := fmt.Appendf(nil, "*3\r\n$7\r\nmessage\r\n$%d\r\n%s\r\n$%d\r\n%0*d\r\n", len(pubsubChannel), pubsubChannel, payloadDigits, payloadDigits, 0)
	digits := want[len(want)-2-payloadDigits : len(want)-2]
	for i := range n {
		got, err := in.Peek(len(want))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("message %d: %q", i, got)
		}
		in.Discard(len(want))
		countUp(digits)
		if i%256 == 255 || i == n-1 {
			seen.Store(i + 1)
		}
	}
	return nil
}

// countUp adds one to a decimal number.
func countUp(digits []byte) {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			return
		}
		digits[i] = '0'
	}
}

func publishAll(c *client.Conn, messages, subscribers int, seen []atomic.Int64) error {
	payload := bytes.Repeat([]byte("0"), payloadDigits)
	for from := 0; from < messages; from += pubsubBatch {
		n := min(pubsubBatch, messages-from)
		for range n {
			c.Begin(3)
			c.Arg("PUBLISH")
			c.Arg(pubsubChannel)
			c.Bytes(payload)
			countUp(payload)
		}
		if err := c.Flush(); err != nil {
			return err
		}
		for range n {
			r, err := c.Receive()
			if err != nil {
				return err
			}
			if r.Int != int64(subscribers) {
				return fmt.Errorf("PUBLISH reached %d of %d subscribers", r.Int, subscribers)
			}
		}
		for i := range seen {
			for int64(from+n)-seen[i].Load() > pubsubWindow {
				time.Sleep(100 * time.Microsecond)
			}
		}
	}
	return nil
}

// waiters is what clients that wait cost.
type waiters struct {
	before, cpu time.Duration // processor time of the server in blockedSpan, without and with them
	served      int
}

func blockMany(s *servers.Server, n int) (w waiters, err error) {
	if w.before, err = cpuWhileIdle(s); err != nil {
		return w, err
	}
	conns := make([]net.Conn, n)
	for i := range conns {
		if conns[i], err = net.Dial("tcp", s.Addr); err != nil {
			return w, err
		}
		defer conns[i].Close()
		if _, err := fmt.Fprintf(conns[i], "BLPOP wait:%d 0\r\n", i); err != nil {
			return w, err
		}
	}
	c, err := client.Dial(s.Addr)
	if err != nil {
		return w, err
	}
	defer c.Close()
	if err := allBlocked(c, n); err != nil {
		return w, err
	}
	if w.cpu, err = cpuWhileIdle(s); err != nil {
		return w, err
	}
	for i, conn := range conns {
		if r, err := c.Do("RPUSH", fmt.Sprint("wait:", i), strconv.Itoa(i)); err != nil || r.Int != 1 {
			return w, fmt.Errorf("RPUSH: %v, %v", r, err)
		}
		key, element := fmt.Sprint("wait:", i), strconv.Itoa(i)
		want := fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, len(element), element)
		got := make([]byte, len(want))
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadFull(conn, got); err == nil && string(got) == want {
			w.served++
		}
	}
	if r, err := c.Do("DBSIZE"); err != nil || r.Int != 0 {
		return w, fmt.Errorf("%v keys are left, %v", r, err)
	}
	return w, nil
}

func allBlocked(c *client.Conn, n int) error {
	for range 3000 {
		info, err := c.Info("clients")
		if err != nil || info["blocked_clients"] == strconv.Itoa(n) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("not all clients are blocked after a minute")
}

// cpuWhileIdle is the server's processor time in blockedSpan.
func cpuWhileIdle(s *servers.Server) (time.Duration, error) {
	time.Sleep(time.Second) // what it has to tidy up
	before, err := proc.CPU(s.Pid())
	if err != nil {
		return 0, err
	}
	time.Sleep(blockedSpan)
	after, err := proc.CPU(s.Pid())
	return after - before, err
}
