// Package pair holds the two servers that are compared and brings them back to a
// known state between runs.
package pair

import (
	"fmt"
	"time"

	"spindle/bench/compare/internal/wire"
)

// Side is one of the two servers.
type Side struct {
	Name string
	Addr string
	// Restart starts the server again after it died; nil if that is not ours to do.
	Restart func() error

	ctl    *wire.Conn        // for resets and barriers, never for steps
	owed   int               // replies to barriers that were not waited for
	config map[string]string // as found at the first reset
}

// Pair is the reference and the server under test.
type Pair struct{ Ref, Sub *Side }

// New names two servers by their addresses.
func New(ref, sub string) *Pair {
	return &Pair{Ref: &Side{Name: "redis", Addr: ref}, Sub: &Side{Name: "spindle", Addr: sub}}
}

// Close closes the control connections.
func (p *Pair) Close() {
	for _, s := range p.Sides() {
		if s.ctl != nil {
			s.ctl.Close()
			s.ctl = nil
		}
	}
}

// Sides returns both, the reference first.
func (p *Pair) Sides() [2]*Side { return [2]*Side{p.Ref, p.Sub} }

// Reset brings both servers back to how they were found: no keys, scripts,
// users or changed settings.
func (p *Pair) Reset() error {
	for _, s := range p.Sides() {
		if err := s.reset(); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// Flush empties both servers only.
func (p *Pair) Flush() error {
	for _, s := range p.Sides() {
		if err := s.control(); err != nil {
			return err
		}
		if f := s.ctl.Do("FLUSHALL"); f.Kind != '+' {
			return fmt.Errorf("%s: FLUSHALL: %v", s.Name, f)
		}
	}
	return nil
}

// control opens the control connection where there is none that works.
func (s *Side) control() error {
	if s.ctl != nil {
		s.ctl.Replies(s.owed)
		s.owed = 0
		if f := s.ctl.Do("PING"); f.Kind == '+' {
			return nil
		}
		s.ctl.Close()
	}
	c, err := wire.Dial(s.Addr)
	if err != nil && s.Restart != nil {
		if err = s.Restart(); err == nil {
			c, err = wire.Dial(s.Addr)
		}
	}
	if err != nil {
		return err
	}
	s.ctl = c
	if f := c.Do("PING"); f.Kind != '+' {
		return fmt.Errorf("PING: %v", f)
	}
	return nil
}

// Do runs a command on the control connection, which must be open.
func (s *Side) Do(args ...string) wire.Frame { return s.ctl.Do(args...) }

// resetCommands undo what CONFIG does not show. A server that lacks some of
// them has nothing to undo there.
var resetCommands = [][]string{
	{"CLIENT", "UNPAUSE"}, {"SCRIPT", "FLUSH"}, {"FUNCTION", "FLUSH"}, {"SLOWLOG", "RESET"},
	{"LATENCY", "RESET"}, {"DEBUG", "SET-ACTIVE-EXPIRE", "1"}, {"ACL", "LOG", "RESET"},
	{"ACL", "SETUSER", "default", "reset", "on", "nopass", "~*", "&*", "+@all"}, {"CONFIG", "RESETSTAT"},
}

func (s *Side) reset() error {
	if err := s.control(); err != nil {
		return err
	}
	for _, c := range resetCommands {
		s.ctl.Do(c...)
	}
	for _, u := range s.ctl.Do("ACL", "USERS").Elems {
		if string(u.Text) != "default" {
			s.ctl.Do("ACL", "DELUSER", string(u.Text))
		}
	}
	s.restoreConfig()
	if f := s.ctl.Do("FLUSHALL"); f.Kind != '+' {
		return fmt.Errorf("FLUSHALL: %v", f)
	}
	return nil
}

func (s *Side) restoreConfig() {
	now := s.readConfig()
	if s.config == nil {
		s.config = now
		return
	}
	for name, value := range s.config {
		if now[name] != value {
			s.ctl.Do("CONFIG", "SET", name, value)
		}
	}
}

func (s *Side) readConfig() map[string]string {
	m := map[string]string{}
	f := s.ctl.Do("CONFIG", "GET", "*")
	for i := 0; i+1 < len(f.Elems); i += 2 {
		m[string(f.Elems[i].Text)] = string(f.Elems[i+1].Text)
	}
	return m
}

// Missing returns those of the commands that the server under test does not
// know.
func (p *Pair) Missing(commands []string) ([]string, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	if err := p.Sub.control(); err != nil {
		return nil, err
	}
	f := p.Sub.ctl.Do(append([]string{"COMMAND", "INFO"}, commands...)...)
	if len(f.Elems) != len(commands) {
		return nil, fmt.Errorf("%s: COMMAND INFO: %v", p.Sub.Name, f)
	}
	var missing []string
	for i, name := range commands {
		if f.Elems[i].Null {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// barrierLimit is for servers that do not answer for a while: scripts may pause
// them, and a loaded machine may do so too.
const barrierLimit = 10 * time.Second

// Barrier returns when both servers have worked off what they were sent
// before.
func (p *Pair) Barrier() {
	for _, s := range p.Sides() {
		s.ctl.Send("PING")
		s.owed++
	}
	for _, s := range p.Sides() {
		if s.ctl.Wait(barrierLimit, func(frames, _ int) bool { return frames >= s.owed }) {
			s.ctl.Take()
			s.owed = 0
		}
	}
}
