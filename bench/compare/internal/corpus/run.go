package corpus

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"spindle/bench/compare/internal/pair"
	"spindle/bench/compare/internal/reply"
	"spindle/bench/compare/internal/wire"
)

const (
	// What one server has sent, the other gets a generous time for: on a loaded machine it is late, not different.
	replyLimit  = 20 * time.Second      // for a reply that must come
	settleLimit = 10 * time.Second      // for the two sides to have received equally many frames
	quietTime   = 4 * time.Millisecond  // without news: nothing more will come
	rawQuiet    = 25 * time.Millisecond // the same after raw bytes, whose number of replies is unknown
	failuresMax = 20                    // per file, then its run ends
)

// Failure is one difference.
type Failure struct {
	Where string // file:line
	Proto int
	Text  string // the line
	Conn  string // which connection saw the difference
	Ref   []wire.Frame
	Sub   []wire.Frame
	Note  string
}

func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (RESP%d)  %s\n", f.Where, f.Proto, clip(f.Text, 0))
	ref, sub := showAll(f.Ref), showAll(f.Sub)
	at := 0
	for at < min(len(ref), len(sub)) && ref[at] == sub[at] {
		at++
	}
	fmt.Fprintf(&b, "  %s redis:   %s\n", f.Conn, clip(ref, at))
	fmt.Fprintf(&b, "  %s spindle: %s\n", f.Conn, clip(sub, at))
	if f.Note != "" {
		fmt.Fprintf(&b, "  %s\n", f.Note)
	}
	return b.String()
}

func showAll(frames []wire.Frame) string {
	if len(frames) == 0 {
		return "(nothing)"
	}
	var parts []string
	for _, f := range frames {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, "  |  ")
}

// clip shows up to 600 bytes of s around the position at.
func clip(s string, at int) string {
	const before, width = 120, 600
	from := 0
	if at > width-before {
		from = at - before
	}
	out := s[from:min(len(s), from+width)]
	if from > 0 {
		out = fmt.Sprintf("... (%d bytes) %s", from, out)
	}
	if from+width < len(s) {
		out += fmt.Sprintf(" ... (%d bytes)", len(s)-from-width)
	}
	return out
}

// client is one connection of a script, to both servers.
type client struct{ ref, sub *wire.Conn }

func (c *client) each(f func(*wire.Conn)) { f(c.ref); f(c.sub) }

type runner struct {
	pair     *pair.Pair
	file     *File
	proto    int
	clients  map[string]*client
	order    []string // of clients, by first use
	saved    map[string][2]string
	failures []Failure
}

// Run resets both servers, runs a script over one protocol and returns the
// differences. An error means that it could not be run.
func Run(p *pair.Pair, f *File, proto int) ([]Failure, error) {
	if err := p.Reset(); err != nil {
		return nil, err
	}
	r := &runner{pair: p, file: f, proto: proto, clients: map[string]*client{}, saved: map[string][2]string{}}
	defer r.closeAll()
	for _, s := range f.Steps {
		if s.proto != 0 && s.proto != proto {
			continue
		}
		if err := r.step(s); err != nil {
			return r.failures, fmt.Errorf("%s:%d: %w", f.Path, s.Line, err)
		}
		if len(r.failures) >= failuresMax {
			break
		}
	}
	return r.failures, nil
}

// Confirm runs a script like Run and, if it shows differences, once more from
// a clean state. What shows again is returned first; what does not, second: a
// machine under load may have parted the servers for a moment.
func Confirm(p *pair.Pair, f *File, proto int) (again, once []Failure, err error) {
	first, err := Run(p, f, proto)
	if len(first) == 0 && err == nil {
		return nil, nil, nil
	}
	second, err := Run(p, f, proto)
	if err != nil {
		return first, nil, err
	}
	seen := func(list []Failure, d Failure) bool {
		return slices.ContainsFunc(list, func(o Failure) bool { return o.Where == d.Where && o.Conn == d.Conn })
	}
	for _, d := range second {
		if seen(first, d) {
			again = append(again, d)
		} else {
			once = append(once, d)
		}
	}
	for _, d := range first {
		if !seen(second, d) {
			once = append(once, d)
		}
	}
	return again, once, nil
}

func (r *runner) closeAll() {
	for _, c := range r.clients {
		c.each(func(c *wire.Conn) { c.Close() })
	}
	r.clients = map[string]*client{}
}

// client returns the connection of that name and opens it first if need be.
func (r *runner) client(name string) (*client, error) {
	if c := r.clients[name]; c != nil {
		return c, nil
	}
	ref, err := r.dial(r.pair.Ref)
	if err != nil {
		return nil, err
	}
	sub, err := r.dial(r.pair.Sub)
	if err != nil {
		return nil, err
	}
	c := &client{ref, sub}
	r.clients[name] = c
	r.order = append(r.order, name)
	return c, nil
}

func (r *runner) dial(s *pair.Side) (*wire.Conn, error) {
	c, err := wire.Dial(s.Addr)
	if err != nil {
		return nil, err
	}
	if r.proto == 3 {
		// A failure shows up as a difference soon enough.
		c.Do("HELLO", "3")
	}
	return c, nil
}

func (r *runner) drop(name string) {
	c := r.clients[name]
	if c == nil {
		return
	}
	c.each(func(c *wire.Conn) { c.Close() })
	delete(r.clients, name)
	for i, n := range r.order {
		if n == name {
			r.order = append(r.order[:i:i], r.order[i+1:]...)
		}
	}
}

func (r *runner) step(s Step) error {
	c, err := r.client(s.conn)
	if err != nil {
		return err
	}
	switch s.verb {
	case sleep:
		time.Sleep(s.limit)
		r.settle(quietTime)
	case wait:
		c.each(func(c *wire.Conn) {
			c.Wait(s.limit, func(frames, _ int) bool { return frames > 0 })
		})
		r.settle(quietTime)
	case closeConn:
		r.drop(s.conn)
		r.pair.Barrier()
		r.settle(quietTime)
	case halfClose:
		c.each(func(c *wire.Conn) { closeWrite(c) })
		r.pair.Barrier()
		r.settle(rawQuiet)
	case raw:
		c.each(func(c *wire.Conn) { c.Write([]byte(s.bytes)) })
		r.pair.Barrier()
		r.settle(rawQuiet)
	case command:
		return r.command(s, c)
	}
	r.compare(s)
	return nil
}

func closeWrite(c *wire.Conn) {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		t.CloseWrite()
	}
}

func (r *runner) command(s Step, c *client) error {
	c.ref.Send(r.fill(s.args, 0)...)
	c.sub.Send(r.fill(s.args, 1)...)
	need := s.replies
	if need < 0 {
		need = 1
	}
	collect := r.file.multi || s.replies >= 0 || manyFrames[strings.ToUpper(s.args[0])]
	arrived := func(frames, replies int) bool {
		return replies >= need || collect && frames >= need
	}
	c.each(func(c *wire.Conn) { c.Wait(replyLimit, arrived) })
	if collect {
		r.pair.Barrier()
		r.settle(quietTime)
	}
	r.keep(s, c)
	r.compare(s)
	return nil
}

// manyFrames are commands that do not answer with exactly one reply.
var manyFrames = map[string]bool{"SUBSCRIBE": true, "PSUBSCRIBE": true, "SSUBSCRIBE": true,
	"UNSUBSCRIBE": true, "PUNSUBSCRIBE": true, "SUNSUBSCRIBE": true, "MONITOR": true, "QUIT": true, "SHUTDOWN": true}

// settle waits until nothing has arrived for the given time and every
// connection has received as much from one server as from the other; in the
// end it gives up, for then they differ.
func (r *runner) settle(quiet time.Duration) {
	deadline := time.Now().Add(settleLimit)
	last, since := -1, time.Now()
	for time.Now().Before(deadline) {
		total, equal := 0, true
		for _, c := range r.clients {
			a, _, _ := c.ref.Waiting()
			b, _, _ := c.sub.Waiting()
			total += a + b
			equal = equal && a == b
		}
		if total != last {
			last, since = total, time.Now()
		}
		if equal && time.Since(since) >= quiet {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

var variable = regexp.MustCompile(`%\{(?:(ref|other):)?(\w+)\}`)

// fill replaces variables; side is 0 for the reference, 1 for the other.
func (r *runner) fill(args []string, side int) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a
		if !strings.Contains(a, "%{") {
			continue
		}
		out[i] = variable.ReplaceAllStringFunc(a, func(m string) string {
			parts := variable.FindStringSubmatch(m)
			from := side
			switch parts[1] {
			case "ref":
				from = 0
			case "other":
				from = 1 - side
			}
			return r.saved[parts[2]][from]
		})
	}
	return out
}

// keep saves the last reply of a step that asks for it.
func (r *runner) keep(s Step, c *client) {
	if s.save != "" {
		r.saved[s.save] = [2]string{c.ref.LastText(), c.sub.LastText()}
	}
}

// compare takes what all connections have received and compares it.
func (r *runner) compare(s Step) {
	for _, name := range append([]string(nil), r.order...) {
		c := r.clients[name]
		ref, sub := c.ref.Take(), c.sub.Take()
		mine := name == s.conn && s.verb == command
		if mine && s.replies < 0 && len(ref) == 0 {
			ref = []wire.Frame{{Kind: wire.Silence}}
		}
		if mine && s.replies < 0 && len(sub) == 0 {
			sub = []wire.Frame{{Kind: wire.Silence}}
		}
		ok, note := r.same(s, c, mine, ref, sub)
		if !ok {
			r.failures = append(r.failures, Failure{
				Where: fmt.Sprintf("%s:%d", r.file.Path, s.Line), Proto: r.proto, Text: s.Text,
				Conn: name, Ref: ref, Sub: sub, Note: note,
			})
		}
		if lost(ref) || lost(sub) || !ok && len(ref) != len(sub) {
			r.drop(name) // the next step gets a fresh connection on both sides
		}
	}
}

func lost(frames []wire.Frame) bool {
	for _, f := range frames {
		switch f.Kind {
		case wire.Closed, wire.Silence, wire.Garbage:
			return true
		}
	}
	return false
}

// same compares the frames of one connection. Normalisations count only on
// the connection that sent the command, or where the step names them.
func (r *runner) same(s Step, c *client, mine bool, ref, sub []wire.Frame) (bool, string) {
	if len(ref) != len(sub) {
		return false, fmt.Sprintf("%d frames against %d", len(ref), len(sub))
	}
	if mine && len(ref) == 1 && ref[0].Kind == wire.Silence && sub[0].Kind == wire.Silence {
		return false, "neither answers; a step that is not answered at once says @blocks"
	}
	names := s.norms
	byTable := ""
	if mine && len(names) == 0 {
		byTable = reply.Default(s.args)
		names = []string{byTable}
	}
	if s.anyOrder {
		ref, sub = sorted(ref), sorted(sub)
	}
	for i := range ref {
		if !reply.Equal(ref[i], sub[i], names...) {
			return false, ""
		}
	}
	if mine && packedOrder[strings.ToUpper(first(s.args))] && byTable != "" && !equalAll(ref, sub) {
		return r.packed(s, c)
	}
	return true, ""
}

// sorted orders frames by their bytes, in a copy.
func sorted(frames []wire.Frame) []wire.Frame {
	frames = slices.Clone(frames)
	slices.SortFunc(frames, func(a, b wire.Frame) int {
		return bytes.Compare(wire.Append(nil, a), wire.Append(nil, b))
	})
	return frames
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func equalAll(a, b []wire.Frame) bool {
	for i := range a {
		if !wire.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// packedOrder are commands whose order is free only while the value is a hash
// table; a packed value has one order that clients see.
var packedOrder = map[string]bool{"SMEMBERS": true, "HGETALL": true, "HKEYS": true, "HVALS": true}

// packed decides about two equal replies in different order: the reference's
// encoding says whether the order matters.
func (r *runner) packed(s Step, c *client) (bool, string) {
	if len(s.args) < 2 {
		return true, ""
	}
	enc := c.ref.Do("OBJECT", "ENCODING", s.args[1])
	c.sub.Do("OBJECT", "ENCODING", s.args[1])
	switch e := string(enc.Text); e {
	case "listpack", "intset":
		return false, "same elements, but the order of a " + e + " is fixed"
	}
	return true, ""
}
