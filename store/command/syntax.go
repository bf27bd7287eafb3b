package command

import (
	"fmt"
	"strings"
)

// The arguments of a command, in a notation short enough for one line of the table:
//
//	name             a string; "key" and "pattern" are of these types
//	name:integer     of a type
//	NX, name:TOKEN   a word to be written as it is
//	TOKEN=name       an argument with a word before it; ""= for an empty word
//	name(a|b)        one of these
//	name(a b)        these in a row; name((a)) for a single one
//	a#1              whose key the command's key spec 1 describes
//	a@6.2.0 a!7.0.0  there since, deprecated since
//	a... a+...       several; several, each with the word before it
//	[a]              optional
//
// COMMAND DOCS is answered from it.

// argument is one argument of a command, as COMMAND DOCS tells it.
type argument struct {
	name, kind             string // kind: "string", "oneof", ...
	token                  string
	hasToken               bool
	since, deprecatedSince string
	keySpec                int // -1: none
	optional, multiple     bool
	multipleToken          bool // the token is repeated, too
	args                   []argument
}

// argumentKinds are the types that can be written behind a colon.
var argumentKinds = []string{"string", "integer", "double", "key", "pattern", "unix-time", "oneof", "block", "pure-token"}

// parseSyntax returns the arguments that s describes. It panics on anything else: s is a literal of the table.
func parseSyntax(s string) []argument {
	p := syntaxParser{s: s}
	args, _ := p.list()
	if p.s != "" {
		p.fail("trailing text")
	}
	return args
}

type syntaxParser struct{ s string }

func (p *syntaxParser) fail(why string) {
	panic(fmt.Sprintf("command: bad syntax (%s) at %q", why, p.s))
}

func (p *syntaxParser) take(prefix string) bool {
	rest, ok := strings.CutPrefix(p.s, prefix)
	p.s = rest
	return ok
}

// list parses arguments up to a closing parenthesis or the end. choice reports that bars separate them.
func (p *syntaxParser) list() (args []argument, choice bool) {
	for p.s != "" && p.s[0] != ')' {
		args = append(args, p.argument())
		choice = p.take("|") || choice
		p.take(" ")
	}
	return args, choice
}

func (p *syntaxParser) argument() argument {
	if p.take("[") {
		a := p.argument()
		a.optional = true
		if !p.take("]") {
			p.fail("no closing bracket")
		}
		return a
	}
	a := p.word()
	if p.take("(") {
		single := p.take("(")
		var choice bool
		a.args, choice = p.list()
		a.kind = "block"
		if choice || len(a.args) == 1 && !single {
			a.kind = "oneof"
		}
		if !p.take(")") || single && !p.take(")") {
			p.fail("no closing parenthesis")
		}
	}
	p.suffixes(&a)
	return a
}

// word parses token and name.
func (p *syntaxParser) word() argument {
	end := len(p.s)
	for i := range p.s {
		if strings.ContainsRune("()[]| #@!", rune(p.s[i])) || strings.HasPrefix(p.s[i:], "...") || strings.HasPrefix(p.s[i:], "+...") {
			end = i
			break
		}
	}
	if end == 0 {
		p.fail("no name")
	}
	word := p.s[:end]
	p.s = p.s[end:]
	a := argument{kind: "string", keySpec: -1}
	if i := strings.IndexByte(word, '='); i > 0 && word[i-1] != ':' {
		a.token, a.hasToken = word[:i], true
		if a.token == `""` {
			a.token = ""
		}
		word = word[i+1:]
	}
	a.setName(word)
	if a.kind == "key" {
		a.keySpec = 0
	}
	return a
}

// setName takes a name apart from a type or a token behind it.
func (a *argument) setName(word string) {
	a.name = word
	if i := strings.LastIndexByte(word, ':'); i >= 0 {
		name, what := word[:i], word[i+1:]
		for _, k := range argumentKinds {
			if k == what {
				a.name, a.kind = name, k
				return
			}
		}
		if what == strings.ToUpper(what) {
			a.name, a.kind, a.token, a.hasToken = name, "pure-token", strings.Trim(what, `"`), true
			return
		}
	}
	switch {
	case a.hasToken:
	case word == strings.ToUpper(word):
		a.name, a.kind, a.token, a.hasToken = strings.ToLower(word), "pure-token", word, true
		return
	}
	if word == "key" || word == "pattern" {
		a.kind = word
	}
}

func (p *syntaxParser) suffixes(a *argument) {
	if p.take("#") {
		a.keySpec = int(p.s[0] - '0')
		p.s = p.s[1:]
	}
	if p.take("@") {
		a.since = p.version()
	}
	if p.take("!") {
		a.deprecatedSince = p.version()
	}
	if p.take("+...") {
		a.multiple, a.multipleToken = true, true
	}
	if p.take("...") {
		a.multiple = true
	}
}

// version parses digits with single dots between them.
func (p *syntaxParser) version() string {
	i := 0
	for i < len(p.s) && (p.s[i] >= '0' && p.s[i] <= '9' || p.s[i] == '.' && !strings.HasPrefix(p.s[i:], "..")) {
		i++
	}
	v := p.s[:i]
	p.s = p.s[i:]
	return v
}
