package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"spindle/store/glob"
)

// Pair is a directive's name, as it was asked for, and its value.
type Pair struct{ Name, Value string }

// ErrLoading refuses a change while data is loaded; the client sees the -LOADING error.
var ErrLoading = errors.New("config: loading")

// Get returns the directives whose names match one of the patterns, each name once: in the order of the
// patterns, and within a pattern in the order of the table.
func (c *Config) Get(patterns [][]byte) []Pair {
	var pairs []Pair
	found := map[string]bool{}
	add := func(d *Directive, name string) {
		if key := strings.ToLower(name); !found[key] {
			found[key] = true
			pairs = append(pairs, Pair{name, d.kind.format(c.value(d))})
		}
	}
	for _, p := range patterns {
		if !glob.HasWildcard(p) {
			if d, _ := lookup(string(p)); d != nil {
				add(d, string(p))
			}
			continue
		}
		for _, d := range table {
			if d.has(Hidden) {
				continue
			}
			for _, name := range []string{d.Name, d.Alias} {
				if name != "" && glob.Match(p, []byte(name), true) {
					add(d, name)
				}
			}
		}
	}
	return pairs
}

// change is one pair of CONFIG SET.
type change struct {
	d          *Directive
	name       string // for error texts
	value      string
	old        any
	differs    bool
	hooksTried int
}

func (ch *change) fail(reason string) error {
	return Error(fmt.Sprintf("CONFIG SET failed (possibly related to argument '%s') - %s", ch.name, reason))
}

// Set changes several directives or, if anything is wrong with one of them, none. args are the names
// and values in turn; local says that the client is connected from this machine. The error is ErrLoading or an
// Error for the client.
func (c *Config) Set(args [][]byte, local bool) error {
	changes, err := c.changes(args, local)
	if err != nil {
		return err
	}
	for i := range changes {
		ch := &changes[i]
		v, err := ch.d.kind.parse(c.env(ch.d, false), ch.d.words(ch.value))
		if err != nil {
			c.restore(changes[:i])
			return ch.fail(err.Error())
		}
		ch.old = c.value(ch.d)
		ch.differs = !reflect.DeepEqual(v, ch.old)
		c.store(ch.d, v)
	}
	if err := c.runHooks(changes); err != nil {
		return err
	}
	c.warnOf(changes)
	return nil
}

// changes looks the directives up and checks that each may be changed now.
func (c *Config) changes(args [][]byte, local bool) ([]change, error) {
	if len(args)%2 != 0 {
		return nil, Error("syntax error")
	}
	changes := make([]change, 0, len(args)/2)
	seen := map[string]bool{}
	loading := false
	for i := 0; i < len(args); i += 2 {
		d, lower := lookup(string(args[i]))
		if d == nil {
			return nil, Error(fmt.Sprintf("Unknown option or number of arguments for CONFIG SET - '%s'", args[i]))
		}
		ch := change{d: d, name: string(args[i]), value: string(args[i+1])}
		switch {
		case !d.has(Mutable):
			return nil, ch.fail("can't set immutable config")
		case d.has(Protected) && !c.EnableProtectedConfigs.Allows(local):
			return nil, ch.fail("can't set protected config")
		case seen[lower]:
			return nil, ch.fail("duplicate parameter")
		}
		loading = loading || c.Loading && d.has(DenyLoading)
		seen[lower] = true
		ch.name = lower // errors about values name the directive itself
		changes = append(changes, ch)
	}
	if loading {
		return nil, ErrLoading
	}
	return changes, nil
}

// runHooks tells those who asked, and takes everything back if one refuses.
func (c *Config) runHooks(changes []change) error {
	told := map[*Directive]bool{}
	for i := range changes {
		ch := &changes[i]
		if !ch.differs || told[ch.d] {
			continue
		}
		told[ch.d] = true
		for _, f := range c.hooks[ch.d] {
			ch.hooksTried++
			err := f()
			if err == nil {
				continue
			}
			c.restore(changes)
			for j := range changes[:i+1] {
				for _, f := range c.hooks[changes[j].d][:changes[j].hooksTried] {
					_ = f() // the values are those that it accepted before
				}
			}
			return ch.fail(err.Error())
		}
	}
	return nil
}

// restore puts the old values back, last first, since two names may mean one directive.
func (c *Config) restore(changes []change) {
	for i := len(changes) - 1; i >= 0; i-- {
		c.store(changes[i].d, changes[i].old)
	}
}

func (c *Config) warnOf(changes []change) {
	if c.Warn == nil {
		return
	}
	for _, ch := range changes {
		if ch.d.NoEffect != "" && !c.warned[ch.d] {
			c.Warn(c.warning(ch.d))
		}
	}
}

// isDefault reports whether d has its default value.
func (c *Config) isDefault(d *Directive) bool {
	return c.defaults != nil && reflect.DeepEqual(c.value(d), c.defaults.value(d))
}
