package acl

import (
	"slices"
	"strings"

	"spindle/resp"
)

// Error is what is wrong with a rule, in Redis's words.
type Error string

func (e Error) Error() string { return string(e) }

// ErrDuplicate is the error of a line of redis.conf about a user that another line was about.
const (
	errUnknown     Error = "Unknown command or category name in ACL"
	errSyntax      Error = "Syntax error"
	errAllKeys     Error = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
	errAllChannels Error = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels"
	errNoPassword  Error = "The password you are trying to remove from the user does not exist"
	errHash        Error = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
	errSubArg      Error = "Allowing first-arg of a subcommand is not supported"
	ErrDuplicate   Error = "Duplicate user found. A user can only be defined once in config files"
)

// rules applies rules to users.
type rules struct {
	commands *Commands
	// allChannels: new selectors may use all channels (acl-pubsub-default).
	allChannels bool
}

// apply changes a user by one rule. After an error the user may be half changed: try rules on a clone.
func (r *rules) apply(u *User, rule string) error {
	if rule == "" {
		return nil
	}
	switch strings.ToLower(CString(rule)) {
	case "on":
		u.enabled = true
	case "off":
		u.enabled = false
	case "nopass":
		u.noPass, u.passwords = true, nil
	case "resetpass":
		u.noPass, u.passwords = false, nil
	case "sanitize-payload":
		u.sanitize = sanitizeYes
	case "skip-sanitize-payload":
		u.sanitize = sanitizeSkip
	case "clearselectors":
		u.selectors = u.selectors[:1]
	case "reset":
		*u = User{Name: u.Name, sanitize: sanitizeYes, selectors: []*selector{{allChannels: r.allChannels}}}
	default:
		return r.applyOther(u, rule)
	}
	return nil
}

// applyOther applies the rules that are no plain words.
func (r *rules) applyOther(u *User, rule string) error {
	switch {
	case rule[0] == '>' || rule[0] == '#':
		hash, err := passwordHash(rule)
		if err != nil {
			return err
		}
		if !slices.Contains(u.passwords, hash) {
			u.passwords = append(u.passwords, hash)
		}
		u.noPass = false
	case rule[0] == '<' || rule[0] == '!':
		hash, err := passwordHash(rule)
		if err != nil {
			return err
		}
		i := slices.Index(u.passwords, hash)
		if i < 0 {
			return errNoPassword
		}
		u.passwords = slices.Delete(u.passwords, i, i+1)
	case rule[0] == '(' && rule[len(rule)-1] == ')':
		s := &selector{allChannels: r.allChannels}
		for _, inner := range splitSelector(rule[1 : len(rule)-1]) {
			if err := r.applySelector(s, inner); err != nil {
				return err
			}
		}
		u.selectors = append(u.selectors, s)
	default:
		return r.applySelector(u.root(), rule)
	}
	return nil
}

// splitSelector splits what stands in parentheses as an inline command is. Unbalanced quotes leave nothing, as in Redis.
func splitSelector(text string) []string {
	args, ok := resp.SplitArgs([]byte(text))
	if !ok {
		return nil
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	return words
}

// CString is s as C sees it: up to a zero byte.
func CString[S string | []byte](s S) string {
	w, _, _ := strings.Cut(string(s), "\x00")
	return w
}

// passwordHash returns the hash of the password that the rule names: in clear after > and <, hashed after # and !.
func passwordHash(rule string) (string, error) {
	if rule[0] == '>' || rule[0] == '<' {
		return hashPassword(rule[1:]), nil
	}
	hash := rule[1:]
	if len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return "", errHash
	}
	return hash, nil
}

// applySelector changes a selector by one rule.
func (r *rules) applySelector(s *selector, rule string) error {
	switch w := strings.ToLower(CString(rule)); w {
	case "":
		return errSyntax
	case "allkeys", "~*":
		s.allKeys, s.keys = true, nil
	case "resetkeys":
		s.allKeys, s.keys = false, nil
	case "allchannels", "&*":
		s.allChannels, s.channels = true, nil
	case "resetchannels":
		s.allChannels, s.channels = false, nil
	case "allcommands", "+@all":
		s.allCommands, s.commands, s.firstArgs = true, everything, nil
	case "nocommands", "-@all":
		s.allCommands, s.commands, s.firstArgs = false, commandSet{}, nil
	default:
		switch rule[0] {
		case '~', '%':
			return s.addKeys(rule)
		case '&':
			return s.addChannels(rule[1:])
		case '+', '-':
			if strings.HasPrefix(w[1:], "@") {
				return r.putCategory(s, w[2:], w[0] == '+')
			}
			return r.putCommand(s, CString(rule)[1:], w[0] == '+')
		}
		return errSyntax
	}
	return nil
}

// addKeys adds a pattern: ~pattern, or %R~ %W~ %RW~ and the pattern.
func (s *selector) addKeys(rule string) error {
	if s.allKeys {
		return errAllKeys
	}
	pattern, allowed := rule[1:], Read|Write
	if rule[0] == '%' {
		var err error
		if pattern, allowed, err = splitPermission(pattern); err != nil {
			return err
		}
	}
	if hasBlank(pattern) {
		return errSyntax
	}
	for i := range s.keys {
		if string(s.keys[i].pattern) == pattern {
			s.keys[i].allowed |= allowed
			return nil
		}
	}
	s.keys = append(s.keys, keyPattern{[]byte(pattern), allowed})
	return nil
}

// splitPermission takes "RW~pattern" apart. Without a tilde the pattern is empty.
func splitPermission(rule string) (pattern string, allowed Permission, err error) {
	for i := range len(rule) {
		p := Permission(0)
		switch rule[i] {
		case 'r', 'R':
			p = Read
		case 'w', 'W':
			p = Write
		case '~':
			if allowed != 0 {
				return rule[i+1:], allowed, nil
			}
		}
		if p == 0 || allowed&p != 0 {
			return "", 0, errSyntax
		}
		allowed |= p
	}
	if allowed == 0 {
		return "", 0, errSyntax
	}
	return "", allowed, nil
}

func (s *selector) addChannels(pattern string) error {
	if s.allChannels {
		return errAllChannels
	}
	if hasBlank(pattern) {
		return errSyntax
	}
	if !allowsChannel(s.channels, []byte(pattern), true) {
		s.channels = append(s.channels, []byte(pattern))
	}
	return nil
}

func (r *rules) putCategory(s *selector, name string, on bool) error {
	category := r.commands.category(name)
	if category == 0 {
		return errUnknown
	}
	for c := range r.commands.in(category) {
		s.put(c, on) // a container takes its subcommands along, whatever their categories are
	}
	return nil
}

// put allows or forbids a command and, for a container, all of its subcommands.
func (s *selector) put(c *Command, on bool) {
	s.commands.put(c, on)
	delete(s.firstArgs, c.ID)
	if !on {
		s.allCommands = false
	}
}

// putCommand allows or forbids a command, a subcommand (config|get), or allows a command with a certain first argument
// (select|0).
func (r *rules) putCommand(s *selector, name string, on bool) error {
	bar := strings.LastIndexByte(name, '|')
	if on && bar >= 0 {
		c, arg := r.commands.lookup(name[:bar]), name[bar+1:]
		switch {
		case c == nil:
			return errUnknown
		case c.IsSub:
			return errSubArg
		case arg == "":
			return errSyntax
		case c.Subs == nil:
			s.allowFirstArg(c, arg)
			return nil
		}
	}
	c := r.commands.lookup(name)
	if c == nil {
		return errUnknown
	}
	s.put(c, on)
	return nil
}

func (s *selector) allowFirstArg(c *Command, arg string) {
	if slices.ContainsFunc(s.firstArgs[c.ID], func(a string) bool { return foldEqual(a, arg) }) {
		return
	}
	if s.firstArgs == nil {
		s.firstArgs = map[int][]string{}
	}
	s.firstArgs[c.ID] = append(s.firstArgs[c.ID], arg)
}

// hasBlank reports whether s has white space or a zero byte, as C's isspace has it.
func hasBlank(s string) bool { return strings.ContainsAny(s, " \t\n\v\f\r\x00") }

// foldEqual compares as C's strcasecmp: ASCII letters in any case, up to a zero byte.
func foldEqual[A, B string | []byte](a A, b B) bool {
	for i := 0; ; i++ {
		x, y := lowerAt(a, i), lowerAt(b, i)
		if x != y {
			return false
		}
		if x == 0 {
			return true
		}
	}
}

func lowerAt[S string | []byte](s S, i int) byte {
	if i >= len(s) {
		return 0
	}
	if c := s[i]; c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return s[i]
}

// MergeSelectors joins what stands in parentheses and was split at blanks, "(+get", "~k*)", into one rule. If a parenthesis is
// left open, it returns the place of the rule that opened it, else -1. As in Redis, a second open parenthesis makes it
// forget the first.
func MergeSelectors(words []string) (merged []string, open int) {
	open = -1
	last := 0 // place of the open selector in merged
	for i, w := range words {
		closes := strings.HasSuffix(w, ")")
		switch {
		case strings.HasPrefix(w, "(") && !closes && open >= 0:
			merged[last], open = w, i
		case strings.HasPrefix(w, "(") && !closes:
			merged, open = append(merged, w), i
			last = len(merged) - 1
		case open >= 0:
			merged[last] += " " + CString(w)
			if closes {
				open = -1
			}
		default:
			merged = append(merged, w)
		}
	}
	return merged, open
}
