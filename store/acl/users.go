package acl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Users is the set of all users. The default user is always there.
type Users struct {
	commands *Commands
	byName   map[string]*User
	// Default is the user that everybody is at first. It stays the same User for good.
	Default *User
	// AllChannels gives new users and selectors all channels (acl-pubsub-default).
	AllChannels bool
}

// NewUsers returns a set with the default user, who may do everything without a password.
func NewUsers(cs *Commands) *Users {
	us := &Users{commands: cs, byName: map[string]*User{}, Default: everyone()}
	us.byName[DefaultName] = us.Default
	return us
}

// everyone is the default user as it is before anything is said about it.
func everyone() *User {
	all := &selector{allCommands: true, allKeys: true, allChannels: true, commands: everything}
	return &User{Name: DefaultName, enabled: true, noPass: true, selectors: []*selector{all}}
}

// Find returns the user of that name, or nil.
func (us *Users) Find(name []byte) *User { return us.byName[string(name)] }

// Names returns all names, sorted.
func (us *Users) Names() []string { return slices.Sorted(maps.Keys(us.byName)) }

// Commands returns the commands that rules may name.
func (us *Users) Commands() *Commands { return us.commands }

// RuleError says which rule is wrong, and why.
type RuleError struct {
	Rule  string
	Place int // of the rule, after selectors have been merged
	Err   error
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("Error in ACL SETUSER modifier '%s': %s", CString(e.Rule), e.Err)
}

// OpenSelector is the error of a parenthesis that is not closed.
type OpenSelector struct {
	Rule  string
	Place int
}

func (e *OpenSelector) Error() string {
	return fmt.Sprintf("Unmatched parenthesis in acl selector starting at '%s'.", CString(e.Rule))
}

// CheckName refuses names that could not stand in a line.
func CheckName(name string) error {
	if hasBlank(name) {
		return Error("Usernames can't contain spaces or null characters")
	}
	return nil
}

// Changed returns what the user of that name, new or there, becomes by some rules. The user itself does not change: that is
// Put's job. The error is a *RuleError or an *OpenSelector.
func (us *Users) Changed(name string, rules []string) (*User, error) {
	u := us.fresh(name)
	if old := us.byName[name]; old != nil {
		u = old.clone()
	}
	return u, us.apply(u, rules)
}

func (us *Users) fresh(name string) *User { return newUser(name, us.AllChannels) }

func (us *Users) rules() *rules { return &rules{us.commands, us.AllChannels} }

func (us *Users) apply(u *User, words []string) error {
	merged, open := MergeSelectors(words)
	if open >= 0 {
		return &OpenSelector{words[open], open}
	}
	r := us.rules()
	for i, rule := range merged {
		if err := r.apply(u, rule); err != nil {
			return &RuleError{rule, i, err}
		}
	}
	return nil
}

// Put makes changed the user of its name. A user that was there before stays the same User.
func (us *Users) Put(changed *User) *User {
	u := us.byName[changed.Name]
	if u == nil {
		us.byName[changed.Name] = changed
		return changed
	}
	*u = *changed
	return u
}

// Delete removes a user and returns it; nil if there is none of that name.
func (us *Users) Delete(name []byte) *User {
	u := us.byName[string(name)]
	delete(us.byName, string(name))
	return u
}

// SetDefaultPassword makes a password the only one of the default user (requirepass). An empty one lets everybody in.
func (us *Users) SetDefaultPassword(password string) {
	us.Default.passwords, us.Default.noPass = nil, password == ""
	if password != "" {
		us.Default.passwords = []string{hashPassword(password)}
	}
}

// Declare makes a user as a line of the configuration says: its name and its rules. The default user starts from nothing.
func (us *Users) Declare(words []string) (*User, error) {
	name := words[0]
	u := us.fresh(name)
	if name == DefaultName {
		us.rules().apply(u, "reset")
	}
	if err := us.apply(u, words[1:]); err != nil {
		return nil, err
	}
	return us.Put(u), nil
}

// CheckDeclaration returns what is wrong with such a line as far as it can be told without knowing all commands.
func (us *Users) CheckDeclaration(words []string) error {
	u := us.fresh(words[0])
	merged, open := MergeSelectors(words[1:])
	if open >= 0 {
		return &OpenSelector{words[1+open], open}
	}
	r := us.rules()
	for i, rule := range merged {
		if err := r.apply(u, rule); err != nil && err != errUnknown {
			return &RuleError{rule, i, err}
		}
	}
	return nil
}

// Lines returns the lines that make all users what they are, as files of users and redis.conf have them.
func (us *Users) Lines() []string {
	var lines []string
	for _, name := range us.Names() {
		lines = append(lines, "user "+name+" "+us.byName[name].Describe(us.commands))
	}
	return lines
}

// Load replaces all users by those of a file's text. Is anything wrong with it, nobody changes, and the error tells all of
// it; file is the name that it uses. gone are the users that are no more; the default user has changed, if at all.
func (us *Users) Load(file, text string) (gone []*User, err error) {
	next := &Users{commands: us.commands, byName: map[string]*User{}, AllChannels: us.AllChannels}
	var errs strings.Builder
	text, _, _ = strings.Cut(text, "\x00")
	for i, line := range strings.Split(text, "\n") {
		if line = strings.Trim(line, " \t\r\n"); line != "" {
			errs.WriteString(next.loadLine(fmt.Sprintf("%s:%d", file, i+1), i+1, strings.Split(line, " ")))
		}
	}
	if errs.Len() > 0 {
		return nil, Error(errs.String() + "WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
	}
	if d := next.byName[DefaultName]; d != nil {
		*us.Default = *d
	} else {
		*us.Default = *everyone()
	}
	for _, name := range us.Names() {
		if name != DefaultName {
			gone = append(gone, us.byName[name])
		}
	}
	next.byName[DefaultName] = us.Default
	us.byName = next.byName
	return gone, nil
}

// loadLine adds the user of a file's line and returns what is wrong with it.
func (us *Users) loadLine(where string, number int, words []string) string {
	if words[0] != "user" || len(words) < 2 {
		return where + " should start with user keyword followed by the username. "
	}
	name := words[1]
	switch {
	case hasBlank(name):
		return fmt.Sprintf("'%s: username '%s' contains invalid characters. ", where, name)
	case us.byName[name] != nil:
		return fmt.Sprintf("WARNING: Duplicate user '%s' found on line %d. ", name, number)
	}
	u := us.fresh(name)
	us.byName[name] = u
	merged, open := MergeSelectors(words[2:])
	if open >= 0 {
		return where + ": Unmatched parenthesis in selector definition."
	}
	var errs strings.Builder
	r, told := us.rules(), false
	for _, rule := range merged {
		rule = strings.Trim(rule, "\t\r\n")
		switch err := r.apply(u, rule); {
		case err == errUnknown:
			fmt.Fprintf(&errs, "%s: Error in applying operation '%s': %s. ", where, rule, err)
		case err != nil && !told: // what follows may be wrong only because this was
			fmt.Fprintf(&errs, "%s: %s. ", where, err)
			told = true
		}
	}
	return errs.String()
}
