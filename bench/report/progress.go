package report

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Progress shows what is going on in one line that overwrites itself. Where
// the output is no terminal it prints a line now and then instead.
type Progress struct {
	mu    sync.Mutex
	out   io.Writer
	tty   bool
	start time.Time
	last  time.Time
	wide  int // length of the line on the screen
}

const (
	progressEvery      = 200 * time.Millisecond
	progressEveryPlain = 10 * time.Second
)

// NewProgress writes to f.
func NewProgress(f *os.File) *Progress {
	st, err := f.Stat()
	tty := err == nil && st.Mode()&os.ModeCharDevice != 0
	return &Progress{out: f, tty: tty, start: time.Now()}
}

// Stepf shows a new step at once on a terminal.
func (p *Progress) Stepf(format string, a ...any) { p.show(0, format, a...) }

// Tickf shows the state inside a step; most calls print nothing.
func (p *Progress) Tickf(format string, a ...any) { p.show(progressEvery, format, a...) }

func (p *Progress) show(every time.Duration, format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.tty {
		every = progressEveryPlain
	}
	now := time.Now()
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	line := fmt.Sprintf("[%v] %s", now.Sub(p.start).Round(time.Second), fmt.Sprintf(format, a...))
	if !p.tty {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r%-*s", p.wide, line)
	p.wide = len(line)
}

// Clear removes the line, before something else is printed.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tty && p.wide > 0 {
		fmt.Fprintf(p.out, "\r%*s\r", p.wide, "")
	}
	p.wide = 0
}
