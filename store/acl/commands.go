package acl

import (
	"fmt"
	"iter"
	"strings"
)

// Command is what rules have to know about a command. ID is its bit in a command set; subcommands have IDs of their own.
type Command struct {
	Name       string // in full, lower case: "get", "config|get"
	ID         int
	Categories uint64 // bit i stands for the category Commands.categories[i]
	Subs       []*Command
	IsSub      bool
	// Late commands, newer than Redis 7.0, do not count when a description looks for the categories that fit best, so
	// that it reads as it would there.
	Late bool
}

// maxCommands is how many commands a set can hold. The last bit is that of the commands to come.
const maxCommands = 1024

// Commands are all commands there are, and the names of their categories.
type Commands struct {
	categories []string
	byName     map[string]*Command
	byID       []*Command
	sorted     []*Command // containers before their subcommands, by name
}

// NewCommands takes the top-level commands, in the order in which descriptions list them, and the names of the categories.
func NewCommands(top []*Command, categories []string) *Commands {
	cs := &Commands{categories: categories, byName: map[string]*Command{}}
	for _, c := range top {
		cs.add(c)
		for _, sub := range c.Subs {
			cs.add(sub)
		}
	}
	return cs
}

func (cs *Commands) add(c *Command) {
	if c.ID < 0 || c.ID >= maxCommands-1 {
		panic(fmt.Sprintf("acl: %s has the ID %d", c.Name, c.ID))
	}
	for len(cs.byID) <= c.ID {
		cs.byID = append(cs.byID, nil)
	}
	cs.byName[c.Name], cs.byID[c.ID] = c, c
	cs.sorted = append(cs.sorted, c)
}

// lookup finds a command by its full name in any case.
func (cs *Commands) lookup(name string) *Command { return cs.byName[strings.ToLower(name)] }

// category returns the bit of a category by its name in any case, 0 if there is none.
func (cs *Commands) category(name string) uint64 {
	for i, c := range cs.categories {
		if strings.EqualFold(c, name) {
			return 1 << i
		}
	}
	return 0
}

// in yields the commands of a category.
func (cs *Commands) in(category uint64) iter.Seq[*Command] {
	return func(yield func(*Command) bool) {
		for _, c := range cs.sorted {
			if c.Categories&category != 0 && !yield(c) {
				return
			}
		}
	}
}

// commandSet is a set of command IDs.
type commandSet [maxCommands / 64]uint64

// everything holds all commands, those to come as well.
var everything = func() (s commandSet) {
	for i := range s {
		s[i] = ^uint64(0)
	}
	return s
}()

// toCome is the bit that only "all commands" sets.
const toCome = maxCommands - 1

func (s *commandSet) has(id int) bool { return s[id/64]>>(id%64)&1 != 0 }

func (s *commandSet) set(id int, on bool) {
	if s[id/64] &^= 1 << (id % 64); on {
		s[id/64] |= 1 << (id % 64)
	}
}

// put sets a command and, for a container, all of its subcommands.
func (s *commandSet) put(c *Command, on bool) {
	s.set(c.ID, on)
	for _, sub := range c.Subs {
		s.set(sub.ID, on)
	}
}

// count returns how many commands of a category are in the set and how many are not, of those that count.
func (s *commandSet) count(cs *Commands, category uint64) (in, out int) {
	for c := range cs.in(category) {
		switch {
		case c.Late:
		case s.has(c.ID):
			in++
		default:
			out++
		}
	}
	return in, out
}
