package wire

import (
	"bufio"
	"bytes"
	"net"
	"strconv"
	"sync"
	"time"
)

// Conn is one client connection. A goroutine reads frames as they arrive, so
// that replies and pushes can be looked at without knowing how many to expect.
type Conn struct {
	net.Conn

	mu     sync.Mutex
	frames []Frame
	ended  bool
	news   chan struct{} // has a token after something arrived
}

// Dial connects and starts to read.
func Dial(addr string) (*Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: nc, news: make(chan struct{}, 1)}
	go c.readLoop()
	return c, nil
}

func (c *Conn) readLoop() {
	r := bufio.NewReaderSize(c.Conn, 64<<10)
	for {
		f, err := Read(r)
		if err != nil {
			f = Frame{Kind: Closed}
		}
		c.mu.Lock()
		c.frames = append(c.frames, f)
		c.ended = c.ended || err != nil
		c.mu.Unlock()
		select {
		case c.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Send writes a command.
func (c *Conn) Send(args ...string) error {
	_, err := c.Write(AppendCommand(nil, args))
	return err
}

// Take removes and returns all frames that arrived so far.
func (c *Conn) Take() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.frames
	c.frames = nil
	return f
}

// Waiting returns how many frames Take would return now, pushes not counted
// in replies, and whether the connection has ended.
func (c *Conn) Waiting() (frames, replies int, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if f.Kind != '>' && f.Kind != Closed {
			replies++
		}
	}
	return len(c.frames), replies, c.ended
}

// Wait waits until done says so, which is asked after each arrival, or the
// limit passes. It returns what done said last.
func (c *Conn) Wait(limit time.Duration, done func(frames, replies int) bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		frames, replies, ended := c.Waiting()
		if done(frames, replies) {
			return true
		}
		if ended {
			return false
		}
		select {
		case <-c.news:
		case <-timer.C:
			frames, replies, _ = c.Waiting()
			return done(frames, replies)
		}
	}
}

// Do sends a command and returns its reply; pushes that arrive are dropped.
func (c *Conn) Do(args ...string) Frame {
	if err := c.Send(args...); err != nil {
		return Frame{Kind: Closed}
	}
	return c.Replies(1)[0]
}

const replyTimeout = 10 * time.Second

// Replies waits for exactly n replies and returns them, pushes left out. What
// is missing is made up with Closed or Silence frames.
func (c *Conn) Replies(n int) []Frame {
	c.Wait(replyTimeout, func(_, replies int) bool { return replies >= n })
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Frame, 0, n)
	i := 0
	for ; i < len(c.frames) && len(out) < n; i++ {
		if k := c.frames[i].Kind; k != '>' && k != Closed {
			out = append(out, c.frames[i])
		}
	}
	c.frames = c.frames[i:]
	for len(out) < n {
		if c.ended {
			out = append(out, Frame{Kind: Closed})
		} else {
			out = append(out, Frame{Kind: Silence})
		}
	}
	return out
}

// AppendCommand appends a command as an array of bulk strings.
func AppendCommand(dst []byte, args []string) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	for _, a := range args {
		dst = append(dst, "\r\n$"...)
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, "\r\n"...)
		dst = append(dst, a...)
	}
	return append(dst, "\r\n"...)
}

// Quote shows a command as a corpus line; quoting follows sdssplitargs.
func Quote(args []string) string {
	var b bytes.Buffer
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(quoteArg(a))
	}
	return b.String()
}

func quoteArg(a string) string {
	plain := a != ""
	for _, c := range []byte(a) {
		if c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\' || c == '#' || c == '@' {
			plain = false
		}
	}
	if plain {
		return a
	}
	const hex = "0123456789abcdef"
	b := []byte{'"'}
	for _, c := range []byte(a) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// LastText is the text of the last frame that waits, or "".
func (c *Conn) LastText() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frames) == 0 {
		return ""
	}
	return string(c.frames[len(c.frames)-1].Text)
}
