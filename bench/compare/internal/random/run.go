package random

import (
	"fmt"
	"strings"
	"time"

	"spindle/bench/compare/internal/pair"
	"spindle/bench/compare/internal/reply"
	"spindle/bench/compare/internal/wire"
)

// Options say what to run.
type Options struct {
	Count     int // commands
	Seed      uint64
	Families  []string
	Lacking   []string // commands to leave out
	Encodings string   // small, large or both
	Failures  int      // divergences to collect before giving up, at least 1
	Progress  func(done int)
}

const (
	epochLen = 500 // commands between two comparisons of the whole state
	batchLen = 50  // commands in one write
)

// setting is one way to configure the encodings' thresholds.
type setting struct {
	name   string
	config [][2]string
}

var (
	small = setting{name: "default thresholds"}
	// mixed makes values convert in the middle of an epoch.
	mixed = setting{"low thresholds", [][2]string{
		{"hash-max-listpack-entries", "4"}, {"hash-max-listpack-value", "10"}, {"set-max-intset-entries", "4"},
		{"zset-max-listpack-entries", "4"}, {"zset-max-listpack-value", "10"}, {"list-max-listpack-size", "3"},
		{"stream-node-max-entries", "3"}, {"hll-sparse-max-bytes", "40"},
	}}
	large = setting{"thresholds of zero", [][2]string{
		{"hash-max-listpack-entries", "0"}, {"set-max-intset-entries", "0"}, {"zset-max-listpack-entries", "0"},
		{"list-max-listpack-size", "1"}, {"stream-node-max-entries", "1"}, {"hll-sparse-max-bytes", "0"}, {"list-compress-depth", "1"},
	}}
)

var settings = map[string][]setting{"small": {small}, "large": {large, mixed}, "both": {small, mixed, large}}

// Divergence is a shortest trace that shows a difference.
type Divergence struct {
	Seed, Epoch uint64
	Proto       int
	Setting     string
	Trace       []Step
	Ref, Sub    string // what the servers answered at the end of it
	Note        string
	Once        bool // it did not come back when run again
}

func (d *Divergence) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, epoch %d, RESP%d, %s; %d commands:\n", d.Seed, d.Epoch, d.Proto, d.Setting, len(d.Trace))
	for _, s := range d.Trace {
		fmt.Fprintf(&b, "    %s\n", wire.Quote(s.Args))
		if s.Sleep > 0 {
			fmt.Fprintf(&b, "    sleep %v\n", s.Sleep)
		}
	}
	fmt.Fprintf(&b, "  redis:   %s\n  spindle: %s\n", d.Ref, d.Sub)
	if d.Note != "" {
		fmt.Fprintf(&b, "  %s\n", d.Note)
	}
	return b.String()
}

// epoch is one stretch of commands and the circumstances to run it in.
type epoch struct {
	number  uint64
	proto   int
	setting setting
	steps   []Step
}

// Run sends o.Count commands. It returns the divergences, each shrunk. An
// error means that it could not run.
func Run(p *pair.Pair, o Options) ([]*Divergence, error) {
	templates, err := parseFamilies(o.Families, o.Lacking)
	if err != nil {
		return nil, err
	}
	sets := settings[o.Encodings]
	if sets == nil {
		return nil, fmt.Errorf("encodings are small, large or both, not %q", o.Encodings)
	}
	if err := p.Reset(); err != nil {
		return nil, err
	}
	var found []*Divergence
	for n, done := uint64(0), 0; done < o.Count && len(found) < max(o.Failures, 1); n++ {
		e := epoch{number: n, proto: 2 + int(n%2), setting: sets[n/2%uint64(len(sets))]}
		g := newGen(o.Seed, n, templates)
		for range min(epochLen, o.Count-done) {
			e.steps = append(e.steps, g.next())
		}
		m, err := e.run(p)
		if err != nil {
			return found, err
		}
		if m != nil {
			d := e.shrink(p, m)
			d.Seed = o.Seed
			found = append(found, d)
		}
		if m != nil || e.setting.config != nil {
			if err := p.Reset(); err != nil {
				return found, err
			}
		}
		if done += len(e.steps); o.Progress != nil {
			o.Progress(done)
		}
	}
	return found, p.Reset()
}

// mismatch is where an epoch failed.
type mismatch struct {
	at       int // index of the step; len(steps) when only the final states differ
	ref, sub string
}

// run starts from empty servers and returns the first difference, or nil.
func (e *epoch) run(p *pair.Pair) (*mismatch, error) {
	if err := p.Flush(); err != nil {
		return nil, err
	}
	for _, s := range p.Sides() {
		// A key that expired is found by the next command that looks, on both sides alike.
		s.Do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
		for _, c := range e.setting.config {
			if f := s.Do("CONFIG", "SET", c[0], c[1]); f.Kind != '+' {
				return nil, fmt.Errorf("%s: CONFIG SET %s: %v", s.Name, c[0], f)
			}
		}
	}
	s, err := open(p, e.proto)
	if err != nil {
		return nil, err
	}
	defer s.close()
	for from := 0; from < len(e.steps); {
		to := batchEnd(e.steps, from)
		if m := s.batch(e.steps[from:to]); m != nil {
			m.at += from
			return m, nil
		}
		from = to
	}
	if m := s.compareStates(); m != nil {
		m.at = len(e.steps)
		return m, nil
	}
	return nil, nil
}

// batchEnd is the end of the steps that go out in one write: at a pause, for
// what comes behind must not overtake it.
func batchEnd(steps []Step, from int) int {
	for i := from; i < min(len(steps), from+batchLen); i++ {
		if steps[i].Sleep > 0 {
			return i + 1
		}
	}
	return min(len(steps), from+batchLen)
}

// session is a connection to each server.
type session struct {
	ref, sub *wire.Conn
	proto    int
	queued   []Step // of an open MULTI, for the replies of EXEC
}

func open(p *pair.Pair, proto int) (*session, error) {
	ref, err := wire.Dial(p.Ref.Addr)
	if err != nil {
		return nil, err
	}
	sub, err := wire.Dial(p.Sub.Addr)
	if err != nil {
		ref.Close()
		return nil, err
	}
	s := &session{ref: ref, sub: sub, proto: proto}
	if proto == 3 {
		hello := []string{"HELLO", "3"}
		if a, b := ref.Do(hello...), sub.Do(hello...); !reply.Equal(a, b, "mask:id") {
			s.close()
			return nil, fmt.Errorf("HELLO 3: %v against %v", a, b)
		}
	}
	return s, nil
}

func (s *session) close() { s.ref.Close(); s.sub.Close() }

// batch sends steps in one write each and compares the replies.
func (s *session) batch(steps []Step) *mismatch {
	var out []byte
	for _, st := range steps {
		out = wire.AppendCommand(out, st.Args)
	}
	s.ref.Write(out)
	s.sub.Write(out)
	a, b := s.ref.Replies(len(steps)), s.sub.Replies(len(steps))
	for i, st := range steps {
		if !s.equal(st, a[i], b[i]) {
			return &mismatch{at: i, ref: a[i].String(), sub: b[i].String()}
		}
	}
	if n := len(steps); steps[n-1].Sleep > 0 {
		time.Sleep(steps[n-1].Sleep)
	}
	return nil
}

// equal compares the replies to one step; those inside an EXEC are compared
// each by the command that was queued.
func (s *session) equal(st Step, a, b wire.Frame) bool {
	if name := strings.ToUpper(st.Args[0]); name == "EXEC" || name == "DISCARD" || name == "MULTI" {
		queued := s.queued
		if name != "MULTI" {
			s.queued = nil
		}
		if name == "EXEC" && len(a.Elems) == len(queued) && len(b.Elems) == len(queued) {
			for i, q := range queued {
				if !reply.Equal(a.Elems[i], b.Elems[i], q.norms()...) {
					return false
				}
			}
			return true
		}
	}
	if a.Kind == '+' && string(a.Text) == "QUEUED" {
		s.queued = append(s.queued, st)
	}
	return reply.Equal(a, b, st.norms()...)
}

func (s Step) norms() []string {
	if s.norm != "" {
		return []string{s.norm}
	}
	return []string{reply.Default(s.Args)}
}
