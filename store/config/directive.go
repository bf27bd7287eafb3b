package config

import (
	"reflect"
	"strings"
)

// Flags of a directive.
type Flags uint8

const (
	Mutable     Flags = 1 << iota // CONFIG SET may change it
	Protected                     // ... if enable-protected-configs allows
	DenyLoading                   // ... but not while data is loaded
	Sensitive                     // its value must not appear in logs
	Hidden                        // only CONFIG GET with its full name shows it
	MultiArg                      // takes any number of words
)

// Directive is one row of the table.
type Directive struct {
	Name     string
	Alias    string // a second name, from older versions
	Section  string
	Default  string
	Flags    Flags
	NoEffect string // why it changes nothing here; empty if it is obeyed

	kind  kind
	pos   int
	field []int // index of the field of Config, nil if it has no effect
}

// Accepts describes the values in a few words, for the documentation.
func (d *Directive) Accepts() string { return d.kind.accepts() }

func (d *Directive) has(f Flags) bool { return d.Flags&f != 0 }

// words splits a value as CONFIG SET and the table do: at every single space.
func (d *Directive) words(value string) []string {
	if !d.has(MultiArg) {
		return []string{value}
	}
	if value == "" {
		return nil
	}
	return strings.Split(value, " ")
}

// Directives returns the table, in the order of CONFIG GET and of the documentation.
func Directives() []*Directive { return table }

var (
	table  []*Directive
	byName = map[string]*Directive{} // names and aliases
)

func init() {
	for _, s := range sections {
		for i := range s.rows {
			d := &s.rows[i]
			d.Section, d.pos = s.title, len(table)
			if d.NoEffect == "" {
				d.field = fieldOf(d.Name)
			}
			table = append(table, d)
			byName[d.Name] = d
			if d.Alias != "" {
				byName[d.Alias] = d
			}
		}
	}
}

// fieldOf finds the field of an obeyed directive.
func fieldOf(name string) []int {
	var field strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }) {
		field.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	f, ok := reflect.TypeFor[Config]().FieldByName(field.String())
	if !ok {
		panic("config: no field for directive " + name)
	}
	return f.Index
}

// lookup finds a directive by either name in any case, and the name in lower case.
func lookup(name string) (*Directive, string) {
	name = strings.ToLower(name)
	return byName[name], name
}

// IsSensitive reports whether name is a directive whose value must be hidden in logs.
func IsSensitive(name string) bool {
	d, _ := lookup(name)
	return d != nil && d.has(Sensitive)
}
