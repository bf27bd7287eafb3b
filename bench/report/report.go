// Package report turns measurements into text tables, JSON and SVG charts in
// one directory.
//
// A Report is one section of the benchmark: it collects tables, notes and
// charts while the section runs and is written at its end. Every text starts
// with the machine, the versions, the date and the command, for numbers mean
// nothing without them.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// Origin says where numbers come from.
type Origin struct {
	Machine string    `json:"machine"`
	Servers []string  `json:"servers"` // name and version of each
	Client  string    `json:"client"`  // versions of the tools that load the servers
	Pinning string    `json:"pinning"`
	Date    time.Time `json:"date"`
	Command string    `json:"command"` // reproduces the numbers
}

func (o Origin) String() string {
	return fmt.Sprintf("machine: %s\nservers: %s\nclient:  %s\npinning: %s\ndate:    %s\ncommand: %s\n",
		o.Machine, strings.Join(o.Servers, "; "), o.Client, o.Pinning,
		o.Date.UTC().Format("2006-01-02 15:04 UTC"), o.Command)
}

// Report is the outcome of one section.
type Report struct {
	Name   string   `json:"name"` // also the name of its files
	Title  string   `json:"title"`
	Origin Origin   `json:"origin"`
	Tables []*Table `json:"tables"`
	Notes  []string `json:"notes,omitempty"`

	charts []chart
}

// New starts the report of a section.
func New(name, title string) *Report { return &Report{Name: name, Title: title} }

// Table adds a table with these column names.
func (r *Report) Table(title string, columns ...string) *Table {
	t := &Table{Title: title, Columns: columns}
	r.Tables = append(r.Tables, t)
	return t
}

// Notef adds a remark below the tables.
func (r *Report) Notef(format string, a ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, a...))
}

// Text is the whole report as printed.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s", r.Title, r.Origin)
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "\n%s", t)
	}
	if len(r.Notes) > 0 {
		b.WriteByte('\n')
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String()
}

// Write puts the text, the charts and on demand the JSON into dir, named after
// the report, and returns the paths.
func (r *Report) Write(dir string, withJSON bool) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	paths := []string{filepath.Join(dir, r.Name+".txt")}
	if err := os.WriteFile(paths[0], []byte(r.Text()), 0o644); err != nil {
		return nil, err
	}
	for _, c := range r.charts {
		path := filepath.Join(dir, c.file+".svg")
		if err := c.save(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		paths = append(paths, path)
	}
	if !withJSON {
		return paths, nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, r.Name+".json")
	return append(paths, path), os.WriteFile(path, append(b, '\n'), 0o644)
}

// Table is rows of cells. The first column is aligned left, the others right.
type Table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Row adds a row; cells that are not strings are formatted with %v.
func (t *Table) Row(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprint(c)
	}
	t.Rows = append(t.Rows, row)
}

func (t *Table) String() string {
	width := make([]int, len(t.Columns))
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		for i, c := range row[:min(len(row), len(width))] {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	b.WriteString(t.Title + "\n")
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		var line strings.Builder
		for i, c := range row[:min(len(row), len(width))] {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i == 0 {
				line.WriteString(c + pad)
			} else {
				line.WriteString("  " + pad + c)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
