package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store/geo"
)

// Places are sorted sets whose scores package geo makes of coordinates. geo_search.go has the searches.

var geoCommands = []*Command{
	{Name: "geoadd", Arity: -5, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "geo",
		Since: "3.2.0", Categories: CatGeo,
		Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
		History:    []Change{{"6.2.0", "Added the `CH`, `NX` and `XX` options."}},
		Syntax:     "key [condition(NX|XX)@6.2.0] [change:CH@6.2.0] longitude_latitude_member(longitude:double latitude:double member)...",
		Summary:    "Add one or more geospatial items in the geospatial index represented using a sorted set",
		Run:        geoaddCommand},
	{Name: "geodist", Arity: -4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "geo", Since: "3.2.0",
		Categories: CatGeo, Complexity: "O(log(N))", Syntax: "key member1 member2 [unit(M|KM|FT|MI)]",
		Summary: "Returns the distance between two members of a geospatial index", Run: geodistCommand},
	{Name: "geohash", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "geo", Since: "3.2.0",
		Categories: CatGeo,
		Complexity: "O(log(N)) for each member requested, where N is the number of elements in the sorted set.",
		Syntax:     "key member...", Summary: "Returns members of a geospatial index as standard geohash strings",
		Run: geohashCommand},
	{Name: "geopos", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "geo", Since: "3.2.0",
		Categories: CatGeo, Complexity: "O(N) where N is the number of members requested.", Syntax: "key member...",
		Summary: "Returns longitude and latitude of members of a geospatial index", Run: geoposCommand},
}

var wordZadd = []byte("ZADD")

// point parses a longitude and a latitude.
func point(lon, lat []byte) (geo.Point, error) {
	x, ok := resp.ParseFloat(lon)
	if !ok {
		return geo.Point{}, resp.ErrNotFloat
	}
	y, ok := resp.ParseFloat(lat)
	if !ok {
		return geo.Point{}, resp.ErrNotFloat
	}
	p := geo.Point{Lon: x, Lat: y}
	if !p.Valid() {
		return p, resp.ErrGeoPair(x, y)
	}
	return p, nil
}

// metres returns how long a unit is.
func metres(unit []byte) (float64, error) {
	switch {
	case isToken(unit, "M"):
		return 1, nil
	case isToken(unit, "KM"):
		return 1000, nil
	case isToken(unit, "FT"):
		return 0.3048, nil
	case isToken(unit, "MI"):
		return 1609.34, nil
	}
	return 0, resp.ErrGeoUnit
}

// geoaddCommand runs as ZADD, and is logged as that.
func geoaddCommand(c *Ctx) error {
	var o addRules
	a := c.Options(2)
	for o.take(&a) {
	}
	places := c.Args[a.Pos():]
	if len(places) == 0 || len(places)%3 != 0 || o.nx && o.xx {
		return resp.ErrSyntax
	}
	effect := append(make([][]byte, 0, len(c.Args)), wordZadd)
	effect = append(effect, c.Args[1:a.Pos()]...)
	pairs := len(effect)
	for i := 0; i < len(places); i += 3 {
		p, err := point(places[i], places[i+1])
		if err != nil {
			return err
		}
		effect = append(effect, strconv.AppendFloat(nil, p.Score(), 'f', -1, 64), places[i+2])
	}
	changed, err := c.addScores(&o, effect[pairs:])
	if changed > 0 {
		c.Propagate(effect...)
	}
	return err
}

func geoposCommand(c *Ctx) error {
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		if score, ok := v.Score(member); ok {
			replyPoint(c.Out, geo.FromScore(score))
		} else {
			c.Out.NullArray()
		}
	}
	return nil
}

func replyPoint(w *resp.Writer, p geo.Point) {
	w.Array(2)
	w.HumanDouble(p.Lon)
	w.HumanDouble(p.Lat)
}

func geohashCommand(c *Ctx) error {
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		if score, ok := v.Score(member); ok {
			var room [16]byte
			c.Out.Bulk(geo.AppendHash(room[:0], score))
		} else {
			c.Out.Null()
		}
	}
	return nil
}

func geodistCommand(c *Ctx) error {
	unit := 1.0
	if len(c.Args) > 5 {
		return resp.ErrSyntax
	}
	if len(c.Args) == 5 {
		var err error
		if unit, err = metres(c.Args[4]); err != nil {
			return err
		}
	}
	v, err := c.findZSet(c.Args[1])
	if err != nil {
		return err
	}
	a, okA := v.Score(c.Args[2])
	b, okB := v.Score(c.Args[3])
	if !okA || !okB {
		c.Out.Null()
		return nil
	}
	replyDistance(c.Out, geo.Distance(geo.FromScore(a), geo.FromScore(b))/unit)
	return nil
}

// replyDistance writes a distance with four digits behind the point.
func replyDistance(w *resp.Writer, d float64) {
	var room [32]byte
	w.Bulk(strconv.AppendFloat(room[:0], d, 'f', 4, 64))
}
