// Package acl holds users: who may log in with which password, and which commands, keys and channels they may use.
// It knows neither the wire nor the command table; NewCommands is told what there is.
//
// A user has one or more selectors. The first, the root, is what rules given to the user itself change; each further one is
// written in parentheses. A command may run if one selector allows all of it: the command, all of its keys and
// all of its channels.
//
//	user.go      users and selectors
//	rules.go     words like +@all, ~key*, >password, and what they change
//	describe.go  the words that make a user what it is
//	check.go     may this command run?
//	users.go     the set of all users, files of users
//	log.go       what was denied, for ACL LOG
//
// Commands are a bitmap per selector (commands.go), so a check without patterns is a load and a mask. As in Redis 7.0 the
// words that led to a bitmap are not kept: a description is worked out from the bits.
package acl

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"slices"
)

// DefaultName is the user that clients are who have not said otherwise.
const DefaultName = "default"

// User is one user. Rules change it in place, so that who holds a User sees the change.
type User struct {
	Name string

	enabled, noPass bool
	sanitize        sanitize
	passwords       []string // SHA-256 in lower-case hexadecimal, as given
	selectors       []*selector
}

// sanitize is what was said about checking RESTORE's payloads, which this server always does.
type sanitize uint8

const (
	sanitizeUnsaid sanitize = iota
	sanitizeYes
	sanitizeSkip
)

// Permission is what may be done to a key.
type Permission uint8

const (
	Read Permission = 1 << iota
	Write
)

// selector is a set of commands, keys and channels that may be used together.
type selector struct {
	allCommands bool // no rule has taken a command away since all were allowed
	allKeys     bool
	allChannels bool
	commands    commandSet
	// firstArgs are the first arguments with which a command may run that is not in commands, by its ID.
	firstArgs map[int][]string
	keys      []keyPattern
	channels  [][]byte // patterns
}

type keyPattern struct {
	pattern []byte
	allowed Permission
}

func newUser(name string, allChannels bool) *User {
	return &User{Name: name, selectors: []*selector{{allChannels: allChannels}}}
}

// clone copies a user, so that rules can be tried.
func (u *User) clone() *User {
	v := *u
	v.passwords = slices.Clone(u.passwords)
	v.selectors = nil
	for _, s := range u.selectors {
		v.selectors = append(v.selectors, s.clone())
	}
	return &v
}

func (s *selector) clone() *selector {
	t := *s
	t.keys, t.channels = slices.Clone(s.keys), slices.Clone(s.channels)
	t.firstArgs = nil
	if s.firstArgs != nil {
		t.firstArgs = maps.Clone(s.firstArgs)
		for id, args := range t.firstArgs {
			t.firstArgs[id] = slices.Clone(args)
		}
	}
	return &t
}

// root is the selector that rules without parentheses change.
func (u *User) root() *selector { return u.selectors[0] }

// Enabled reports whether somebody can authenticate as the user.
func (u *User) Enabled() bool { return u.enabled }

// NoPass reports whether any password will do.
func (u *User) NoPass() bool { return u.noPass }

// Unrestricted reports whether the user may do everything, so that no command of it needs to be checked.
func (u *User) Unrestricted() bool {
	return slices.ContainsFunc(u.selectors, func(s *selector) bool { return s.allCommands && s.allKeys && s.allChannels })
}

// RestrictsKeys reports whether the answer to Check may depend on keys.
func (u *User) RestrictsKeys() bool {
	return slices.ContainsFunc(u.selectors, func(s *selector) bool { return !s.allKeys })
}

// RestrictsChannels reports whether the answer to Check may depend on channels.
func (u *User) RestrictsChannels() bool {
	return slices.ContainsFunc(u.selectors, func(s *selector) bool { return !s.allChannels })
}

// Authenticates reports whether the user may log in with a password. The time it takes tells nothing about how much of
// the password is right.
func (u *User) Authenticates(password []byte) bool {
	if !u.enabled {
		return false
	}
	if u.noPass {
		return true
	}
	got := hashPassword(password)
	ok := 0
	for _, want := range u.passwords {
		ok |= subtle.ConstantTimeCompare([]byte(want), []byte(got))
	}
	return ok == 1
}

func hashPassword[S string | []byte](password S) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}
