package command

import (
	"spindle/resp"
	"spindle/store"
)

// Ctx is one running command. It is valid until Run returns, and so are Args, which are borrowed
// from the client's input.
type Ctx struct {
	S    *Server
	C    *Client // never nil; a client without a connection when the log is replayed
	DB   *store.DB
	Args [][]byte // Args[0] is the command's name
	Out  *resp.Writer
	Cmd  *Command

	changes  int  // calls of Changed
	verbatim bool // the command itself is its effect
}

// Now is the time of the command, in Unix milliseconds.
func (c *Ctx) Now() int64 { return c.S.nowMs }

// Find looks a key up for reading. A key of another type is an error.
func (c *Ctx) Find(key []byte, t store.Type) (store.Key, error) {
	k := c.DB.Find(key)
	if k.Exists() && k.Type() != t {
		return k, resp.ErrWrongType
	}
	return k, nil
}

// FindForWrite looks a key up for writing. A key of another type is an error.
func (c *Ctx) FindForWrite(key []byte, t store.Type) (store.Key, error) {
	k := c.DB.FindForWrite(key)
	if k.Exists() && k.Type() != t {
		return k, resp.ErrWrongType
	}
	return k, nil
}

// Int parses argument i as a 64-bit integer.
func (c *Ctx) Int(i int) (int64, error) {
	n, ok := resp.ParseInt(c.Args[i])
	if !ok {
		return 0, resp.ErrNotInt
	}
	return n, nil
}

// Float parses argument i as a double.
func (c *Ctx) Float(i int) (float64, error) {
	f, ok := resp.ParseFloat(c.Args[i])
	if !ok {
		return 0, resp.ErrNotFloat
	}
	return f, nil
}

func parseInt(b []byte) (int64, bool) { return resp.ParseInt(b) }

// Options returns a cursor over the arguments from place i on.
func (c *Ctx) Options(i int) Cursor { return Cursor{c.Args, i} }

// Cursor walks over optional arguments:
//
//	for a := c.Options(3); a.More(); {
//		switch {
//		case a.Token("COUNT"): count, err = a.Int()
//		default: return resp.ErrSyntax
//		}
//	}
type Cursor struct {
	args [][]byte
	i    int
}

// More reports whether an argument is left.
func (a *Cursor) More() bool { return a.i < len(a.args) }

// Left returns how many arguments are left.
func (a *Cursor) Left() int { return len(a.args) - a.i }

// Pos returns the place of the next argument among all.
func (a *Cursor) Pos() int { return a.i }

// Token consumes the next argument if it is the given word, in upper case here, in any case there.
func (a *Cursor) Token(word string) bool {
	if a.i == len(a.args) || !isToken(a.args[a.i], word) {
		return false
	}
	a.i++
	return true
}

// TokenWith is Token for a word that needs at least n arguments behind it; without them it is not taken.
func (a *Cursor) TokenWith(word string, n int) bool { return a.Left() > n && a.Token(word) }

// Next consumes an argument; a missing one is a syntax error.
func (a *Cursor) Next() ([]byte, error) {
	if a.i == len(a.args) {
		return nil, resp.ErrSyntax
	}
	a.i++
	return a.args[a.i-1], nil
}

// Int consumes an integer; a missing one is a syntax error.
func (a *Cursor) Int() (int64, error) {
	b, err := a.Next()
	if err != nil {
		return 0, err
	}
	n, ok := resp.ParseInt(b)
	if !ok {
		return 0, resp.ErrNotInt
	}
	return n, nil
}

// isToken compares an argument with an upper-case word, ignoring case.
func isToken(arg []byte, word string) bool {
	if len(arg) != len(word) {
		return false
	}
	for i, ch := range arg {
		if ch >= 'a' && ch <= 'z' {
			ch -= 'a' - 'A'
		}
		if ch != word[i] {
			return false
		}
	}
	return true
}

// fetchAhead is called with each of the keys of a command that has many, every step arguments from argument 1 on, before
// it is looked up: now and then that fetches the next ones.
func (c *Ctx) fetchAhead(i, step int) {
	if (i-1)/step%store.FetchMax != 0 || len(c.Args) < i+2*step || !c.DB.WorthFetching() {
		return
	}
	var keys [store.FetchMax][]byte
	n := 0
	for ; n < len(keys) && i < len(c.Args); i += step {
		keys[n] = c.Args[i]
		n++
	}
	c.DB.Fetch(keys[:n])
}
