package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"spindle/bench/compare/internal/pair"
	"spindle/bench/compare/internal/reply"
	"spindle/bench/compare/internal/wire"
	"spindle/bench/servers"
)

var (
	aclSeed   = flag.Uint64("acl.seed", 1, "seed of the random ACL rules")
	aclRounds = flag.Int("acl.rounds", 40, "number of users made of random ACL rules")
)

// TestRandomRules gives users the same random rules on both servers, a few at a time, and compares what they are described as and what
// they may do.
func TestRandomRules(t *testing.T) {
	p := newPair(t, servers.RedisT(t), servers.SpindleT(t))
	if err := p.Reset(); err != nil {
		t.Fatal(err)
	}
	r := newRuleMaker(p, *aclSeed)
	for round := range *aclRounds {
		var trace []string
		ask := func(args ...string) bool {
			a, b := p.Ref.Do(args...), p.Sub.Do(args...)
			r.dropUncommon(&a)
			r.dropUncommon(&b)
			if reply.Equal(a, b, reply.Default(args)) {
				return true
			}
			t.Errorf("seed %d, round %d, after\n%s\n%q\nredis:   %v\nspindle: %v", *aclSeed, round, strings.Join(trace, "\n"), args, a, b)
			return false
		}
		ask("ACL", "DELUSER", "u")
		for range 1 + r.IntN(6) {
			args := append([]string{"ACL", "SETUSER", "u"}, r.rules(1+r.IntN(5), true)...)
			trace = append(trace, fmt.Sprintf("%q", args))
			if !ask(args...) || !ask("ACL", "GETUSER", "u") || !ask("ACL", "LIST") {
				return
			}
			for range 40 {
				if !ask(append([]string{"ACL", "DRYRUN", "u"}, r.call()...)...) {
					return
				}
			}
		}
	}
}

// ruleMaker makes up rules and calls that both servers know.
type ruleMaker struct {
	*rand.Rand
	commands   []string
	arity      map[string]int
	categories []string
	uncommon   map[string]bool // commands that only one server has
}

func newRuleMaker(p *pair.Pair, seed uint64) *ruleMaker {
	r := &ruleMaker{Rand: rand.New(rand.NewPCG(seed, 1)), arity: map[string]int{}}
	ours := texts(p.Sub.Do("COMMAND", "LIST"))
	theirs := texts(p.Ref.Do("COMMAND", "LIST"))
	r.uncommon = map[string]bool{}
	for _, c := range slices.Concat(ours, theirs) {
		r.uncommon[c] = !slices.Contains(theirs, c) || !slices.Contains(ours, c)
	}
	r.commands = slices.DeleteFunc(theirs, func(c string) bool { return r.uncommon[c] })
	slices.Sort(r.commands)
	for i, info := range p.Ref.Do(append([]string{"COMMAND", "INFO"}, r.commands...)...).Elems {
		n, _ := info.Elems[1].Int()
		r.arity[r.commands[i]] = int(n)
	}
	r.categories = texts(p.Ref.Do("ACL", "CAT"))
	return r
}

// dropUncommon takes the rules about commands out that only one server has.
func (r *ruleMaker) dropUncommon(f *wire.Frame) {
	var words []string
	for w := range strings.FieldsSeq(string(f.Text)) {
		name, ends := strings.CutSuffix(w, ")")
		switch {
		case len(name) < 2 || name[0] != '+' && name[0] != '-' || !r.uncommon[name[1:]]:
			words = append(words, w)
		case ends:
			words[len(words)-1] += ")"
		}
	}
	if len(words) > 0 {
		f.Text = []byte(strings.Join(words, " "))
	}
	for i := range f.Elems {
		r.dropUncommon(&f.Elems[i])
	}
}

func texts(f wire.Frame) (list []string) {
	for _, e := range f.Elems {
		list = append(list, string(e.Text))
	}
	return list
}

func (r *ruleMaker) some(list ...string) string { return list[r.IntN(len(list))] }

func (r *ruleMaker) rules(n int, selectors bool) (rules []string) {
	for range n {
		switch r.IntN(10) {
		case 0, 1:
			rules = append(rules, r.some("+", "-")+r.some(r.commands...))
		case 2, 3:
			rules = append(rules, r.some("+", "-")+"@"+r.some(r.categories...))
		case 4:
			rules = append(rules, r.some("+@all", "-@all", "allcommands", "nocommands", "allkeys", "resetkeys", "allchannels", "resetchannels"))
		case 5, 6:
			rules = append(rules, r.some("~", "%R~", "%W~", "%RW~", "%WR~")+r.word())
		case 7:
			rules = append(rules, "&"+r.word())
		case 8:
			if !selectors {
				rules = append(rules, "+"+r.some("select|0", "get|x", "set|y", "SELECT|1", "object|freq"))
				break
			}
			rules = append(rules, "("+strings.Join(r.rules(r.IntN(6), false), " ")+")")
		case 9:
			if selectors {
				rules = append(rules, r.some("on", "off", ">a", ">b", "<a", "nopass", "resetpass", "clearselectors", "sanitize-payload",
					"skip-sanitize-payload", "reset", "foo", "+nosuch", "%~", "(+get"))
			}
		}
	}
	return rules
}

func (r *ruleMaker) word() string { return r.some("a", "b", "c*", "*d", "?", "[ab]", "ab") }

// call returns a command with enough arguments, of which some look like keys and some like options.
func (r *ruleMaker) call() []string {
	name := r.some(r.commands...)
	args := strings.Split(name, "|")
	n := r.arity[name]
	if n < 0 {
		n = -n + r.IntN(4)
	}
	for len(args) < n {
		args = append(args, r.some("a", "b", "ab", "cd", "1", "2", "STORE", "STREAMS", "GET", "BY", "x"))
	}
	return args
}
