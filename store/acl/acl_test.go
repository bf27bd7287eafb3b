package acl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var testCategories = []string{"read", "write", "string", "admin", "slow"}

const (
	catRead = 1 << iota
	catWrite
	catString
	catAdmin
	catSlow
)

// testCommands returns a small table: plain commands and a container.
func testCommands() *Commands {
	id := 0
	c := func(name string, categories uint64, subs ...*Command) *Command {
		id++
		for _, s := range subs {
			s.IsSub = true
		}
		return &Command{Name: name, ID: id, Categories: categories, Subs: subs}
	}
	return NewCommands([]*Command{
		c("append", catWrite|catString), c("auth", catSlow),
		c("config", catSlow, c("config|get", catAdmin|catSlow), c("config|set", catAdmin|catSlow|catWrite), c("config|help", catSlow)),
		c("get", catRead|catString), c("keys", catRead|catSlow), c("select", catSlow), c("set", catWrite|catString),
	}, testCategories)
}

// A description, applied to a new user, makes the same user. That is what files of users rely on.
func TestDescriptionsLeadBack(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	us := NewUsers(testCommands())
	for range 3000 {
		us.AllChannels = rng.IntN(4) == 0
		rules := randomRules(rng, 1+rng.IntN(12), true)
		u, err := us.Changed("u", rules)
		if err != nil || ambiguous(u) {
			continue
		}
		text := u.Describe(us.Commands())
		us.AllChannels = rng.IntN(2) == 0 // the description says all there is to say
		v := us.fresh("u")
		if err := us.apply(v, strings.Split(text, " ")); err != nil {
			t.Fatalf("seed %d: %q does not take its own description %q: %v", seed, rules, text, err)
		}
		if got := v.Describe(us.Commands()); got != text || !same(u, v) {
			t.Fatalf("seed %d: %q is described as\n%s\nwhich is described as\n%s", seed, rules, text, got)
		}
	}
}

// ambiguous reports whether the description of a user may be read otherwise than it is meant. It is Redis's, which has these
// flaws: %RW~* reads like ~*, which stands for all keys and allows no other pattern beside it; nothing is quoted.
func ambiguous(u *User) bool {
	return slices.ContainsFunc(u.selectors, func(s *selector) bool {
		special := func(b string) bool { return strings.ContainsAny(b, "\"'\\() \t\r\n\v\f\x00") }
		for _, args := range s.firstArgs {
			if slices.ContainsFunc(args, special) {
				return true
			}
		}
		return slices.ContainsFunc(s.channels, func(b []byte) bool { return special(string(b)) }) ||
			slices.ContainsFunc(s.keys, func(k keyPattern) bool {
				return special(string(k.pattern)) || string(k.pattern) == "*" && k.allowed == Read|Write
			})
	})
}

func same(u, v *User) bool {
	return slices.EqualFunc(u.selectors, v.selectors, func(a, b *selector) bool {
		return a.commands == b.commands && a.allKeys == b.allKeys && a.allChannels == b.allChannels &&
			len(a.keys) == len(b.keys) && len(a.channels) == len(b.channels)
	})
}

// randomRules makes up rules, most of which make sense.
func randomRules(rng *rand.Rand, n int, selectors bool) []string {
	some := func(list ...string) string { return list[rng.IntN(len(list))] }
	var rules []string
	for range n {
		switch rng.IntN(12) {
		case 0, 1, 2:
			rules = append(rules, some("+", "-")+some("append", "auth", "config", "config|get", "config|set", "config|help", "get", "keys", "select", "set"))
		case 3, 4:
			rules = append(rules, some("+", "-")+"@"+some(append(testCategories, "all")...))
		case 5:
			rules = append(rules, "+"+some("select|0", "select|1", "SELECT|0", "get|k"))
		case 6, 7:
			rules = append(rules, some("~", "%R~", "%W~", "%RW~")+some("a", "b", "a*", "*"))
		case 8:
			rules = append(rules, "&"+some("a", "b", "a*", "*"))
		case 9:
			rules = append(rules, some("resetkeys", "resetchannels", "allkeys", "allchannels", "allcommands", "nocommands"))
		case 10:
			if selectors {
				rules = append(rules, "("+strings.Join(randomRules(rng, rng.IntN(5), false), " ")+")")
			}
		case 11:
			if selectors {
				rules = append(rules, some("on", "off", "nopass", "resetpass", "reset", "clearselectors", ">a", ">b", "<a", "sanitize-payload", "skip-sanitize-payload"))
			}
		}
	}
	return rules
}

// naive is a user as a list of rules, read anew for every question.
type naive struct{ selectors [][]string }

func (n *naive) apply(rule string) {
	switch {
	case rule == "reset":
		n.selectors = [][]string{nil}
	case rule == "clearselectors":
		n.selectors = n.selectors[:1]
	case rule[0] == '(':
		n.selectors = append(n.selectors, strings.Fields(rule[1:len(rule)-1]))
	default:
		n.selectors[0] = append(n.selectors[0], rule)
	}
}

// allows answers for the command with one argument, which is a key.
func (n *naive) allows(cs *Commands, c *Command, key string, need Permission) bool {
	return slices.ContainsFunc(n.selectors, func(rules []string) bool {
		return naiveCommand(cs, rules, c, key) && naiveKey(rules, key, need)
	})
}

// naiveCommand looks for the last rule that concerns the command.
func naiveCommand(cs *Commands, rules []string, c *Command, arg string) bool {
	firstArg := false
	for _, r := range slices.Backward(rules) {
		r = strings.ToLower(r)
		switch {
		case r == "allcommands" || r == "+@all":
			return true
		case r == "nocommands" || r == "-@all":
			return firstArg
		case r[0] != '+' && r[0] != '-':
		case r[1] == '@':
			category := cs.category(r[2:])
			parent := c
			if c.IsSub {
				parent = cs.lookup(strings.Split(c.Name, "|")[0])
			}
			if (c.Categories|parent.Categories)&category != 0 {
				return r[0] == '+' || firstArg
			}
		case r[1:] == c.Name || strings.HasPrefix(c.Name, r[1:]+"|"):
			return r[0] == '+' || firstArg
		case r == "+"+c.Name+"|"+arg:
			firstArg = true
		}
	}
	return firstArg
}

func naiveKey(rules []string, key string, need Permission) bool {
	all, allowed := false, map[string]Permission{}
	for _, r := range rules {
		switch {
		case r == "allkeys" || r == "~*" || r == "resetkeys":
			all = r != "resetkeys"
			clear(allowed)
		case r[0] == '~':
			allowed[r[1:]] |= Read | Write
		case r[0] == '%':
			flags, pattern, _ := strings.Cut(r[1:], "~")
			if strings.Contains(flags, "R") {
				allowed[pattern] |= Read
			}
			if strings.Contains(flags, "W") {
				allowed[pattern] |= Write
			}
		}
	}
	for pattern, p := range allowed {
		matches := pattern == key || strings.HasSuffix(pattern, "*") && strings.HasPrefix(key, pattern[:len(pattern)-1])
		if matches && p&need == need {
			return true
		}
	}
	return all
}

func TestChecksAgreeWithANaiveModel(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 2))
	us := NewUsers(testCommands())
	answers := map[bool]int{}
	for range 2000 {
		us.Put(us.fresh("u"))
		n := &naive{selectors: [][]string{nil}}
		for _, rule := range randomRules(rng, 12, true) {
			u, err := us.Changed("u", []string{rule})
			if err != nil {
				continue
			}
			us.Put(u)
			if strings.Trim(rule[:1], "+-~%(ar") == "" || rule == "nocommands" || rule == "clearselectors" {
				n.apply(rule)
			}
		}
		u := us.Find([]byte("u"))
		for _, c := range us.Commands().sorted {
			key := []string{"a", "b", "ab", "0", "k"}[rng.IntN(5)]
			need := Permission(rng.IntN(4))
			args := [][]byte{[]byte(c.Name), []byte(key)}
			got := u.Check(&Request{Command: c.ID, Args: args, Keys: []Key{{1, need}}}).Reason == Allowed
			want := n.allows(us.Commands(), c, key, need)
			if got != want {
				t.Fatalf("seed %d: %s %s (%d): %v, by %q: %v\n%s", seed, c.Name, key, need, got, n.selectors, want, u.Describe(us.Commands()))
			}
			answers[got]++
		}
	}
	if answers[true] < 1000 || answers[false] < 1000 {
		t.Errorf("the test asks too little: %v", answers)
	}
}

// What is wrong changes nothing.
func TestErrorsChangeNothing(t *testing.T) {
	us := NewUsers(testCommands())
	u, err := us.Changed("u", []string{"on", "~k", "+get"})
	if err != nil {
		t.Fatal(err)
	}
	us.Put(u)
	before := us.Lines()
	for _, bad := range [][]string{{"off", "+nosuch"}, {"resetkeys", "%~x"}, {"(+get"}, {"-get", "(+nosuch)"}, {"<pw"}, {"reset", "#1"}} {
		if _, err := us.Changed("u", bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, err := us.Load("f", "user u off\nuser v +nosuch\n"); err == nil {
		t.Error("a bad file is accepted")
	}
	if after := us.Lines(); !slices.Equal(before, after) {
		t.Errorf("changed to %q", after)
	}
	var open *OpenSelector
	if _, err := us.Changed("u", []string{"on", "(+get"}); !errors.As(err, &open) || open.Place != 1 {
		t.Errorf("an open parenthesis: %v", err)
	}
}

func TestPasswords(t *testing.T) {
	us := NewUsers(testCommands())
	f := func(password string, want bool, rules ...string) {
		t.Helper()
		u, err := us.Changed("u", rules)
		if err != nil {
			t.Fatal(err)
		}
		us.Put(u)
		if got := us.Find([]byte("u")).Authenticates([]byte(password)); got != want {
			t.Errorf("%q after %q: %v", password, rules, got)
		}
	}
	f("", false)
	f("", false, "on")
	f("pw", true, ">pw")
	f("pw", true, ">other")
	f("other", true)
	f("pw2", false)
	f("", false)
	f("pw", false, "off")
	f("pw", true, "on")
	f("pw", false, "<pw")
	f("anything", true, "nopass")
	f("anything", false, ">pw")
	f("pw", true)
	f("pw", false, "resetpass")
}

func TestLogGroups(t *testing.T) {
	var l Log
	e := Entry{Reason: DeniedKey, Object: "k", User: "u"}
	l.Add(e, 10)
	e.AtMs = groupMs
	l.Add(e, 10)
	e.AtMs = 2*groupMs + 1 // too late
	l.Add(e, 10)
	e.Context = Lua
	l.Add(e, 10)
	counts := ""
	for e := range l.Latest(10) {
		counts += fmt.Sprint(e.Count, e.Context, " ")
	}
	if counts != "1 lua 1 toplevel 2 toplevel " {
		t.Errorf("%q", counts)
	}
	for i := range groupEntries {
		e.Object = fmt.Sprint(i)
		l.Add(e, 100)
	}
	e.Object = "k"
	l.Add(e, 100) // too far back
	if l.Len() != 3+groupEntries+1 {
		t.Errorf("%d entries", l.Len())
	}
	l.Add(e, 5)
	if l.Len() != 5 {
		t.Errorf("%d entries where 5 are allowed", l.Len())
	}
}

// FuzzRules applies any rules. What is accepted has a description that makes the same user.
func FuzzRules(f *testing.F) {
	f.Add("on\n>pw\n~a*\n+@read\n-get")
	f.Add("%RW~x\n(+get\n~k)\n+select|0\n&ch")
	f.Add("#e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nreset\n%\n()")
	us := NewUsers(testCommands())
	f.Fuzz(func(t *testing.T, text string) {
		u, err := us.Changed("u", strings.Split(text, "\n"))
		if err != nil {
			return
		}
		line := u.Describe(us.Commands())
		u.Check(&Request{Command: 1, Args: [][]byte{[]byte("append"), []byte("k")}, Keys: []Key{{1, Write}}, Channels: []Channel{{1, true}}})
		if ambiguous(u) {
			return
		}
		v := us.fresh("u")
		if err := us.apply(v, strings.Split(line, " ")); err != nil {
			t.Fatalf("%q becomes %q: %v", text, line, err)
		}
		if got := v.Describe(us.Commands()); got != line {
			t.Fatalf("%q becomes %q, which becomes %q", text, line, got)
		}
	})
}

// FuzzLoad reads any file of users.
func FuzzLoad(f *testing.F) {
	f.Add("user a on >x ~* +@all\nuser default on nopass\n")
	f.Add("user a (+get ~x) +nosuch\nfoo\nuser a\nuser\n")
	f.Fuzz(func(t *testing.T, text string) {
		us := NewUsers(testCommands())
		if _, err := us.Load("f", text); err != nil {
			return
		}
		for _, u := range us.byName {
			if ambiguous(u) {
				return
			}
		}
		lines := strings.Join(us.Lines(), "\n")
		if _, err := us.Load("f", lines); err != nil {
			t.Fatalf("%q becomes %q: %v", text, lines, err)
		}
		if again := strings.Join(us.Lines(), "\n"); again != lines {
			t.Fatalf("%q becomes %q, which becomes %q", text, lines, again)
		}
	})
}
