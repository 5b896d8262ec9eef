package bilan

import (
	"maps"
	"testing"
)

// TestPresence is decision by decision what counts an element that spans.
func TestPresence(t *testing.T) {
	in := func(group, from, to string) wordOf {
		return wordOf{word: word{Group: group, From: from, To: to}, At: "2023-01-01T00:00:00Z"}
	}
	out := func(group, from string) wordOf {
		return wordOf{word: word{Group: group, From: from, Out: true}, At: "2023-01-01T00:00:01Z"}
	}
	told := func(w wordOf, said string) wordOf {
		w.Said = said
		return w
	}
	for name, c := range map[string]struct {
		words element
		steps map[int]int
	}{
		"nothing":                         {nil, map[int]int{}},
		"no end":                          {element{"1": in("a", "2021-12-31", "")}, map[int]int{2021: 1}},
		"an end":                          {element{"1": in("a", "2021-06-01", "2023-01-01")}, map[int]int{2021: 1, 2024: -1}},
		"ends before the new year":        {element{"1": in("a", "2021-06-01", "2022-12-31")}, map[int]int{2021: 1, 2023: -1}},
		"leaves in a later year":          {element{"1": in("a", "2021-06-01", ""), "2": out("a", "2023-12-31")}, map[int]int{2021: 1, 2023: -1}},
		"leaves in the year":              {element{"1": in("a", "2021-06-01", ""), "2": out("a", "2021-07-01")}, map[int]int{}},
		"leaves on the first of January":  {element{"1": in("a", "2021-06-01", ""), "2": out("a", "2022-01-01")}, map[int]int{2021: 1, 2022: -1}},
		"comes back":                      {element{"1": in("a", "2021-06-01", ""), "2": out("a", "2022-01-01"), "3": in("a", "2024-06-01", "")}, map[int]int{2021: 1, 2022: -1, 2024: 1}},
		"leaves and comes back in a year": {element{"1": in("a", "2021-06-01", ""), "2": out("a", "2022-03-01"), "3": in("a", "2022-06-01", "")}, map[int]int{2021: 1}},
		"leaves one group of two":         {element{"1": in("a", "2021-06-01", ""), "2": out("a", "2022-03-01"), "3": in("b", "2022-01-01", "2022-12-31")}, map[int]int{2021: 1, 2023: -1}},
		"two periods apart":               {element{"1": in("a", "2021-06-01", "2021-07-01"), "2": in("a", "2024-06-01", "2024-07-01")}, map[int]int{2021: 1, 2022: -1, 2024: 1, 2025: -1}},
		"out before it was in":            {element{"1": out("a", "2020-06-01"), "2": in("a", "2021-06-01", "")}, map[int]int{2021: 1}},
		"withdrawn before the planned start": {element{
			"1": told(in("a", "2023-09-01", "2025-06-30"), "2023-03-02T09:00:00Z"), "2": told(out("a", "2023-04-01"), "2023-04-01T09:00:00Z")}, map[int]int{}},
		"withdrawn in the year before the planned start": {element{
			"1": told(in("a", "2024-01-15", "2025-06-30"), "2023-03-02T09:00:00Z"), "2": told(out("a", "2023-12-01"), "2023-12-01T09:00:00Z")}, map[int]int{}},
		"back with its first day": {element{
			"1": told(in("a", "2022-05-02", "2025-06-30"), "2022-05-02T09:00:00Z"), "2": told(out("a", "2023-03-01"), "2023-03-01T09:00:00Z"),
			"3": told(in("a", "2022-05-02", "2025-06-30"), "2023-04-01T09:00:00Z")}, map[int]int{2022: 1, 2026: -1}},
		"of a fraction of a second":              {element{"1": told(in("a", "2022-05-02", ""), "2023-03-01T09:00:00.5Z"), "2": told(out("a", "2022-05-02"), "2023-03-01T09:00:00Z")}, map[int]int{2022: 1}},
		"said before, of a later day":            {element{"1": told(in("a", "2022-05-02", "2022-12-31"), "2022-06-01T00:00:00Z"), "2": told(out("a", "2022-10-01"), "2022-05-01T00:00:00Z")}, map[int]int{2022: 1, 2023: -1}},
		"the day stands for what is not told":    {element{"1": told(in("a", "2022-05-02", ""), "2022-06-30T22:30:00Z"), "2": out("a", "2022-07-01")}, map[int]int{2022: 1}},
		"the day stands for what was said later": {element{"1": told(in("a", "2022-05-02", ""), "2022-06-30T21:30:00Z"), "2": out("a", "2022-07-01")}, map[int]int{}},
		"out alone":                              {element{"1": out("a", "2020-06-01")}, map[int]int{}},
	} {
		got := map[int]int{}
		for year, step := range c.words.steps() {
			got[year] = step.Elements
		}
		if !maps.Equal(got, c.steps) {
			t.Errorf("%s: %v, not %v", name, got, c.steps)
		}
	}
}
