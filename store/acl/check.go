package acl

import "spindle/store/glob"

// Request is a command that somebody wants to run. Nothing in it is kept.
type Request struct {
	Command int  // ID
	Free    bool // may run before authentication, so for everybody
	Args    [][]byte
	// Keys and Channels tell which arguments are keys and channels. They may be left out when the user does not
	// restrict them.
	Keys     []Key
	Channels []Channel
}

// Key is an argument that is a key, and what the command does to it; nothing, if it only asks about the key.
type Key struct {
	Pos  int
	Need Permission
}

// Channel is an argument that is a channel, or a pattern of channels to subscribe to.
type Channel struct {
	Pos     int
	Pattern bool
}

// Reason is why something is denied. When selectors deny for different reasons, the larger one is told.
type Reason uint8

const (
	Allowed Reason = iota
	DeniedCommand
	DeniedKey
	DeniedAuth
	DeniedChannel
)

// String returns the reason as ACL LOG names it.
func (r Reason) String() string {
	return [...]string{"", "command", "key", "auth", "channel"}[r]
}

// Denial is the answer to a request: Allowed, or the reason, and for keys and channels the place of the argument.
type Denial struct {
	Reason Reason
	Pos    int
}

// Check decides about a request: one selector must allow all of it.
func (u *User) Check(r *Request) Denial {
	denial := Denial{Reason: DeniedCommand}
	for _, s := range u.selectors {
		d := s.check(r)
		if d.Reason == Allowed {
			return d
		}
		if d.Reason > denial.Reason || d.Reason == denial.Reason && d.Pos > denial.Pos {
			denial = d
		}
	}
	return denial
}

func (s *selector) check(r *Request) Denial {
	if !s.allCommands && !r.Free && !s.commands.has(r.Command) && !s.allowsFirstArg(r) {
		return Denial{Reason: DeniedCommand}
	}
	if !s.allKeys {
		for _, k := range r.Keys {
			if !s.allowsKey(r.Args[k.Pos], k.Need) {
				return Denial{DeniedKey, k.Pos}
			}
		}
	}
	if !s.allChannels {
		for _, ch := range r.Channels {
			if !allowsChannel(s.channels, r.Args[ch.Pos], ch.Pattern) {
				return Denial{DeniedChannel, ch.Pos}
			}
		}
	}
	return Denial{}
}

func (s *selector) allowsFirstArg(r *Request) bool {
	if len(r.Args) < 2 {
		return false
	}
	for _, arg := range s.firstArgs[r.Command] {
		if foldEqual(arg, r.Args[1]) {
			return true
		}
	}
	return false
}

func (s *selector) allowsKey(key []byte, need Permission) bool {
	for i := range s.keys {
		k := &s.keys[i]
		if k.allowed&need == need && glob.Match(k.pattern, key, false) {
			return true
		}
	}
	return false
}

// allowsChannel reports whether a channel is in one of the patterns. A pattern to subscribe to must be one of them itself.
func allowsChannel(patterns [][]byte, name []byte, isPattern bool) bool {
	for _, p := range patterns {
		if isPattern && string(p) == string(name) || !isPattern && glob.Match(p, name, false) {
			return true
		}
	}
	return false
}

// CheckAllKeys is Check for a command that, besides the keys in its arguments, may touch any other key: it needs the permission
// for all keys in the selector that allows it.
func (u *User) CheckAllKeys(r *Request, need Permission) bool {
	for _, s := range u.selectors {
		if s.check(r).Reason == Allowed && s.hasAllKeys(need) {
			return true
		}
	}
	return false
}

func (s *selector) hasAllKeys(need Permission) bool {
	if s.allKeys {
		return true
	}
	for _, k := range s.keys {
		if k.allowed&need == need && string(k.pattern) == "*" {
			return true
		}
	}
	return false
}

// LosesChannels reports whether u may subscribe to less than old: then its subscribers have to be looked at with
// MayKeep.
func (u *User) LosesChannels(old *User) bool {
	for _, s := range u.selectors {
		if s.allChannels {
			return false
		}
	}
	for _, s := range old.selectors {
		if s.allChannels {
			return true
		}
		for _, p := range s.channels {
			if !u.hasPattern(p) {
				return true
			}
		}
	}
	return false
}

func (u *User) hasPattern(pattern []byte) bool {
	for _, s := range u.selectors {
		if allowsChannel(s.channels, pattern, true) {
			return true
		}
	}
	return false
}

// MayKeep reports whether the user may go on with a subscription.
func (u *User) MayKeep(channel string, isPattern bool) bool {
	for _, s := range u.selectors {
		if s.allChannels || allowsChannel(s.channels, []byte(channel), isPattern) {
			return true
		}
	}
	return false
}
