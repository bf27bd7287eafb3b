package acl

import "strings"

// The words that make a user what it is, as ACL LIST, ACL GETUSER and files of users have them. Flags, passwords and
// patterns are kept as they were given. Commands are not: which rules led to a set is forgotten, so the
// fewest words that lead there are looked for, as Redis 7.0 does. Up to where the order is Redis's hash order: there
// single commands come by name here.

// Flags returns the user's flags.
func (u *User) Flags() []string {
	flags := []string{"off"}
	if u.enabled {
		flags[0] = "on"
	}
	if u.noPass {
		flags = append(flags, "nopass")
	}
	switch u.sanitize {
	case sanitizeYes:
		flags = append(flags, "sanitize-payload")
	case sanitizeSkip:
		flags = append(flags, "skip-sanitize-payload")
	}
	return flags
}

// Passwords returns the hashes of the user's passwords.
func (u *User) Passwords() []string { return u.passwords }

// Selectors describes the user's selectors, the root first.
func (u *User) Selectors(cs *Commands) []SelectorInfo {
	var infos []SelectorInfo
	for _, s := range u.selectors {
		infos = append(infos, SelectorInfo{Commands: s.describeCommands(cs), Keys: s.describeKeys(), Channels: s.describeChannels()})
	}
	return infos
}

// SelectorInfo is what a selector allows, in words.
type SelectorInfo struct{ Commands, Keys, Channels string }

// Describe returns the rules that make a new user this one.
func (u *User) Describe(cs *Commands) string {
	words := u.Flags()
	for _, hash := range u.passwords {
		words = append(words, "#"+hash)
	}
	for i, s := range u.selectors {
		text := s.describe(cs)
		if i > 0 {
			text = "(" + text + ")"
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

func (s *selector) describe(cs *Commands) string {
	var words []string
	if keys := s.describeKeys(); keys != "" {
		words = append(words, keys)
	}
	if !s.allChannels {
		words = append(words, "resetchannels") // the default may be another where this is read
	}
	if channels := s.describeChannels(); channels != "" {
		words = append(words, channels)
	}
	return strings.Join(append(words, s.describeCommands(cs)), " ")
}

func (s *selector) describeKeys() string {
	if s.allKeys {
		return "~*"
	}
	var words []string
	for _, k := range s.keys {
		words = append(words, k.String())
	}
	return strings.Join(words, " ")
}

// String returns the rule that adds the pattern.
func (k keyPattern) String() string {
	switch k.allowed {
	case Read:
		return "%R~" + string(k.pattern)
	case Write:
		return "%W~" + string(k.pattern)
	}
	return "~" + string(k.pattern)
}

func (s *selector) describeChannels() string {
	if s.allChannels {
		return "&*"
	}
	var words []string
	for _, pattern := range s.channels {
		words = append(words, "&"+string(pattern))
	}
	return strings.Join(words, " ")
}

// describeCommands finds rules that lead to the selector's commands: all or none of them, then whole categories, as long as they bring
// more right than wrong, and in the end single commands.
func (s *selector) describeCommands(cs *Commands) string {
	adds := !s.commands.has(toCome)
	words, reached := []string{"+@all"}, everything
	if adds {
		words[0], reached = "-@all", commandSet{}
	}
	rest := s.commands
	applied := uint64(0)
	for {
		best := rest.bestCategory(cs, applied, adds)
		if best < 0 {
			break
		}
		applied |= 1 << best
		for c := range cs.in(1 << best) {
			reached.put(c, adds)
			rest.put(c, !adds)
		}
		words = append(words, sign(adds)+"@"+cs.categories[best])
	}
	for _, c := range cs.sorted {
		on := s.commands.has(c.ID)
		if on != reached.has(c.ID) {
			reached.put(c, on)
			words = append(words, sign(on)+c.Name)
		}
		if on {
			continue
		}
		for _, arg := range s.firstArgs[c.ID] {
			words = append(words, "+"+c.Name+"|"+arg)
		}
	}
	return strings.Join(words, " ")
}

func sign(on bool) string {
	if on {
		return "+"
	}
	return "-"
}

// bestCategory returns the category whose rule would correct the most at the least cost, -1 if none pays. The set holds what is still to
// add, or everything but what is still to remove.
func (s *commandSet) bestCategory(cs *Commands, applied uint64, adds bool) int {
	best, wrong, right := -1, maxCommands, 0
	for i := range cs.categories {
		if applied>>i&1 != 0 {
			continue
		}
		same, differ := s.count(cs, 1<<i)
		if !adds {
			same, differ = differ, same
		}
		if same > differ && (differ < wrong || differ == wrong && same > right) {
			best, wrong, right = i, differ, same
		}
	}
	return best
}
