package command

import (
	"cmp"
	"slices"

	"spindle/resp"
	"spindle/store/geo"
	"spindle/store/zset"
)

var geoSearchCommands = []*Command{
	{Name: "georadius", Arity: -6, Flags: Write | DenyOOM,
		Keys:  []KeySpec{oneKey(1, RO|Access), atKeyword("STORE", 6).keys(0, 1, 0).is(OW | Update), atKeyword("STOREDIST", 6).keys(0, 1, 0).is(OW | Update)},
		Group: "geo", Since: "3.2.0", Categories: CatGeo,
		Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
		Deprecated: true, DeprecatedSince: "6.2.0",
		ReplacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
		History:    []Change{{"6.2.0", "Added the `ANY` option for `COUNT`."}, {"7.0.0", "Added support for uppercase unit names."}},
		Syntax:     "key longitude:double latitude:double radius:double unit(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT=count:integer [ANY@6.2.0])] [order(ASC|DESC)] [STORE=key#1] [STOREDIST=key#2]",
		Summary:    "Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a point",
		Run:        georadiusCommand},
	{Name: "georadius_ro", Arity: -6, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "geo",
		Since: "3.2.10", Categories: CatGeo,
		Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
		Deprecated: true, DeprecatedSince: "6.2.0", ReplacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
		History: []Change{{"6.2.0", "Added the `ANY` option for `COUNT`."}},
		Syntax:  "key longitude:double latitude:double radius:double unit(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT=count:integer [ANY@6.2.0])] [order(ASC|DESC)]",
		Summary: "A read-only variant for GEORADIUS", Run: georadiusRoCommand},
	{Name: "georadiusbymember", Arity: -5, Flags: Write | DenyOOM,
		Keys:  []KeySpec{oneKey(1, RO|Access), atKeyword("STORE", 5).keys(0, 1, 0).is(OW | Update), atKeyword("STOREDIST", 5).keys(0, 1, 0).is(OW | Update)},
		Group: "geo", Since: "3.2.0", Categories: CatGeo,
		Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
		Deprecated: true, DeprecatedSince: "6.2.0",
		ReplacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
		History:    []Change{{"7.0.0", "Added support for uppercase unit names."}},
		Syntax:     "key member radius:double unit(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT=count:integer [ANY])] [order(ASC|DESC)] [STORE=key#1] [STOREDIST=key#2]",
		Summary:    "Query a sorted set representing a geospatial index to fetch members matching a given maximum distance from a member",
		Run:        georadiusbymemberCommand},
	{Name: "georadiusbymember_ro", Arity: -5, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "geo",
		Since: "3.2.10", Categories: CatGeo,
		Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
		Deprecated: true, DeprecatedSince: "6.2.0",
		ReplacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
		Syntax:     "key member radius:double unit(M|KM|FT|MI) [WITHCOORD] [WITHDIST] [WITHHASH] [count(COUNT=count:integer [ANY])] [order(ASC|DESC)]",
		Summary:    "A read-only variant for GEORADIUSBYMEMBER", Run: georadiusbymemberRoCommand},
	{Name: "geosearch", Arity: -7, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "geo",
		Since: "6.2.0", Categories: CatGeo,
		Complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
		History:    []Change{{"7.0.0", "Added support for uppercase unit names."}},
		Syntax:     "key from(FROMMEMBER=member|FROMLONLAT=longitude_latitude(longitude:double latitude:double)) by(circle(BYRADIUS=radius:double unit(M|KM|FT|MI))|box(BYBOX=width:double height:double unit(M|KM|FT|MI))) [order(ASC|DESC)] [count(COUNT=count:integer [ANY])] [WITHCOORD] [WITHDIST] [WITHHASH]",
		Summary:    "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle.",
		Run:        geosearchCommand},
	{Name: "geosearchstore", Arity: -8, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), oneKey(2, RO|Access)}, Group: "geo", Since: "6.2.0", Categories: CatGeo,
		Complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
		History:    []Change{{"7.0.0", "Added support for uppercase unit names."}},
		Syntax:     "destination:key source:key#1 from(FROMMEMBER=member|FROMLONLAT=longitude_latitude(longitude:double latitude:double)) by(circle(BYRADIUS=radius:double unit(M|KM|FT|MI))|box(BYBOX=width:double height:double unit(M|KM|FT|MI))) [order(ASC|DESC)] [count(COUNT=count:integer [ANY])] [STOREDIST]",
		Summary:    "Query a sorted set representing a geospatial index to fetch members inside an area of a box or a circle, and store the result in another key.",
		Run:        geosearchstoreCommand},
}

// geoForm is what a command's name says about its search.
type geoForm struct {
	key      int  // place of the source's key
	options  int  // where they begin
	member   bool // GEORADIUSBYMEMBER: the centre is a member, else coordinates, in front of the options
	search   bool // GEOSEARCH, GEOSEARCHSTORE: centre and shape are options
	mayStore bool // GEORADIUS: STORE and STOREDIST are options
	event    string
}

// geoQuery is a parsed search.
type geoQuery struct {
	geoForm
	source zset.View
	shape  geo.Shape

	centred, fromMember bool
	shaped              bool
	dest                []byte // key to store the result in, nil for a reply
	storeDist           bool
	withDist, withHash  bool
	withCoord           bool
	any                 bool
	count               int64 // 0: all
	sorted, descending  bool
}

func georadiusCommand(c *Ctx) error {
	return c.geoSearch(geoForm{key: 1, options: 6, mayStore: true, event: "georadiusstore"})
}

func georadiusRoCommand(c *Ctx) error { return c.geoSearch(geoForm{key: 1, options: 6}) }

func georadiusbymemberCommand(c *Ctx) error {
	return c.geoSearch(geoForm{key: 1, options: 5, member: true, mayStore: true, event: "georadiusstore"})
}

func georadiusbymemberRoCommand(c *Ctx) error {
	return c.geoSearch(geoForm{key: 1, options: 5, member: true})
}

func geosearchCommand(c *Ctx) error { return c.geoSearch(geoForm{key: 1, options: 2, search: true}) }

func geosearchstoreCommand(c *Ctx) error {
	return c.geoSearch(geoForm{key: 2, options: 3, search: true, event: "geosearchstore"})
}

func (c *Ctx) geoSearch(f geoForm) error {
	q := geoQuery{geoForm: f}
	var err error
	if q.source, err = c.findZSet(c.Args[f.key]); err != nil {
		return err
	}
	if f.key == 2 {
		q.dest = c.Args[1]
	}
	if err = q.parseFront(c.Args); err != nil {
		return err
	}
	for a := c.Options(f.options); a.More(); {
		if err = q.option(&a); err != nil {
			return err
		}
	}
	if err = q.check(c.Args[0]); err != nil {
		return err
	}
	if q.count != 0 && !q.any {
		q.sorted = true // or these would be any
	}
	var found geoResult
	if q.source.Len() > 0 {
		found.collect(&q)
	}
	n := len(found.points)
	if q.count > 0 {
		n = int(min(q.count, int64(n)))
	}
	if q.sorted {
		found.sort(n, q.descending)
	}
	found.points = found.points[:n]
	if q.dest != nil {
		c.storePoints(&q, &found)
	} else {
		q.reply(c.Out, &found)
	}
	return nil
}

// parseFront parses what GEORADIUS and GEORADIUSBYMEMBER have in front of the options.
func (q *geoQuery) parseFront(args [][]byte) (err error) {
	switch {
	case q.search:
		return nil
	case q.member && q.source.Len() == 0:
		q.centred, q.shaped = true, true
		return nil
	case q.member:
		err = q.fromMemberNamed(args[2])
	default:
		q.shape.Center, err = point(args[2], args[3])
	}
	if err != nil {
		return err
	}
	q.centred = true
	return q.circle(args[q.options-2], args[q.options-1])
}

func (q *geoQuery) fromMemberNamed(member []byte) error {
	score, ok := q.source.Score(member)
	if !ok {
		return resp.ErrGeoMember
	}
	q.shape.Center = geo.FromScore(score)
	return nil
}

func (q *geoQuery) circle(radius, unit []byte) (err error) {
	var ok bool
	if q.shape.Radius, ok = resp.ParseFloat(radius); !ok {
		return resp.ErrGeoRadius
	}
	if q.shape.Radius < 0 {
		return resp.ErrGeoRadiusNeg
	}
	q.shaped = true
	q.shape.Unit, err = metres(unit)
	return err
}

func (q *geoQuery) box(width, height, unit []byte) (err error) {
	var ok bool
	if q.shape.Width, ok = resp.ParseFloat(width); !ok {
		return resp.ErrGeoWidth
	}
	if q.shape.Height, ok = resp.ParseFloat(height); !ok {
		return resp.ErrGeoHeight
	}
	if q.shape.Width < 0 || q.shape.Height < 0 {
		return resp.ErrGeoBoxNegative
	}
	q.shape.Box, q.shaped = true, true
	q.shape.Unit, err = metres(unit)
	return err
}

// option parses one option.
func (q *geoQuery) option(a *Cursor) (err error) {
	switch {
	case a.Token("WITHDIST"):
		q.withDist = true
	case a.Token("WITHHASH"):
		q.withHash = true
	case a.Token("WITHCOORD"):
		q.withCoord = true
	case a.Token("ANY"):
		q.any = true
	case a.Token("ASC"):
		q.sorted, q.descending = true, false
	case a.Token("DESC"):
		q.sorted, q.descending = true, true
	case a.TokenWith("COUNT", 1):
		if q.count, err = a.Int(); err == nil && q.count <= 0 {
			err = resp.ErrGeoCount
		}
	case q.mayStore && a.TokenWith("STORE", 1):
		q.dest, err = a.Next()
		q.storeDist = false
	case q.mayStore && a.TokenWith("STOREDIST", 1):
		q.dest, err = a.Next()
		q.storeDist = true
	case q.search:
		err = q.searchOption(a)
	default:
		err = resp.ErrSyntax
	}
	return err
}

func (q *geoQuery) searchOption(a *Cursor) error {
	next := func() []byte {
		arg, _ := a.Next() // TokenWith has counted them
		return arg
	}
	switch {
	case q.dest != nil && a.Token("STOREDIST"):
		q.storeDist = true
	case (!q.centred || q.fromMember) && a.TokenWith("FROMMEMBER", 1):
		q.centred, q.fromMember = true, true
		if member := next(); q.source.Len() > 0 {
			return q.fromMemberNamed(member)
		}
	case !q.fromMember && a.TokenWith("FROMLONLAT", 2):
		q.centred = true
		p, err := point(next(), next())
		q.shape.Center = p
		return err
	case !(q.shaped && q.shape.Box) && a.TokenWith("BYRADIUS", 2):
		return q.circle(next(), next())
	case (!q.shaped || q.shape.Box) && a.TokenWith("BYBOX", 3):
		return q.box(next(), next(), next())
	default:
		return resp.ErrSyntax
	}
	return nil
}

// check refuses options that do not go together.
func (q *geoQuery) check(name []byte) error {
	switch {
	case q.dest != nil && (q.withDist || q.withHash || q.withCoord):
		return resp.ErrGeoStoreWith(q.search)
	case !q.centred:
		return resp.ErrGeoFrom(name)
	case !q.shaped:
		return resp.ErrGeoBy(name)
	case q.any && q.count == 0:
		return resp.ErrGeoAny
	}
	return nil
}

// geoPoint is one place found.
type geoPoint struct {
	member   zset.Place
	score    float64
	distance float64 // metres; only if it is asked for
}

type geoResult struct{ points []geoPoint }

// collect looks through the cells that the shape touches. With ANY it ends when there are enough.
func (g *geoResult) collect(q *geoQuery) {
	measured := q.sorted || q.withDist || q.storeDist
	finder := q.shape.Finder()
	var room [9]geo.Range
	for _, r := range q.shape.Ranges(room[:0]) {
		from, to := zset.Bound{Score: r.Min}, zset.Bound{Score: r.Max}
		first := q.source.Front(&from)
		if !q.any {
			g.points = slices.Grow(g.points, q.source.Front(&to)-first) // to grow step by step would take twice the memory
		}
		it := q.source.AscendScores(first)
		for it.Next() && it.Score() < r.Max {
			p := geo.FromScore(it.Score())
			if !finder.Contains(p) {
				continue
			}
			found := geoPoint{member: it.Place(), score: it.Score()}
			if measured {
				found.distance = finder.Distance(p)
			}
			g.points = append(g.points, found)
			if q.any && int64(len(g.points)) >= q.count {
				return
			}
		}
	}
}

// each calls f with all places and their members.
func (g *geoResult) each(source *zset.View, f func(p *geoPoint, member []byte)) {
	var digits [20]byte
	var members [64]zset.Place
	for part := range slices.Chunk(g.points, len(members)) {
		for i := range part {
			members[i] = part[i].member
		}
		source.FetchAt(members[:len(part)])
		for i := range part {
			f(&part[i], source.MemberAt(part[i].member, &digits))
		}
	}
}

// sort puts the first n places in order; if these are all, equally distant ones stay in theirs.
func (g *geoResult) sort(n int, descending bool) {
	compare := func(a, b *geoPoint) int {
		if descending {
			a, b = b, a
		}
		return cmp.Compare(a.distance, b.distance)
	}
	if n < len(g.points) {
		partialSort(g.points, n, compare)
		return
	}
	keys := make([]sortKey, len(g.points))
	for i := range keys {
		if keys[i] = (sortKey{floatKey(g.points[i].distance), i}); descending {
			keys[i].key = ^keys[i].key
		}
	}
	arrange(g.points, sortByKey(keys))
}

func (q *geoQuery) reply(w *resp.Writer, g *geoResult) {
	parts := 1
	for _, with := range []bool{q.withDist, q.withHash, q.withCoord} {
		if with {
			parts++
		}
	}
	w.Array(len(g.points))
	g.each(&q.source, func(p *geoPoint, member []byte) {
		if parts > 1 {
			w.Array(parts)
		}
		w.Bulk(member)
		if q.withDist {
			replyDistance(w, p.distance/q.shape.Unit)
		}
		if q.withHash {
			w.Int(int64(p.score))
		}
		if q.withCoord {
			replyPoint(w, geo.FromScore(p.score))
		}
	})
}

func (c *Ctx) storePoints(q *geoQuery, g *geoResult) {
	b := c.newZSet()
	g.each(&q.source, func(p *geoPoint, member []byte) {
		score := p.score
		if q.storeDist {
			score = p.distance / q.shape.Unit
		}
		b.Add(b.Hash(member), member, score)
	})
	c.storeZSet(b, q.dest, q.event)
}
