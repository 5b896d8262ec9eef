package territory

import (
	"cmp"
	"slices"
	"strings"
)

// nearestTo gives the territories that somebody may have meant by an unknown
// code: by name if it reads like a name, else the codes one slip away, then those
// beside it.
func nearestTo(typed string, level Level) []Territory {
	code, _ := parseRef(normalise(typed))
	code = strings.ReplaceAll(code, " ", "")
	if !looksLikeCode(code) {
		return Suggest(typed, suggestions)
	}
	near := slipsAway(code, level)
	if len(near) < suggestions {
		near = appendNew(near, beside(code, level, sameStart), suggestions)
	}
	if len(near) == 0 { // no département begins so: whoever stands next in the list
		near = beside(code, level, func(string, string) bool { return true })
	}
	return copies(near[:min(len(near), suggestions)])
}

// looksLikeCode reports whether a code has digits only, or Corsica's letter.
func looksLikeCode(code string) bool {
	for i := range len(code) {
		corsica := i == 1 && code[0] == '2' && (code[i] == 'A' || code[i] == 'B')
		if !corsica && (code[i] < '0' || code[i] > '9') {
			return false
		}
	}
	return code != "" && len(code) <= len("200066363")+1
}

// slipsAway gives the territories whose codes differ by one slip of the hand, the
// likeliest slips first, then those that kept the start, then the most populous.
func slipsAway(code string, level Level) []*Territory {
	var near []*Territory
	for _, slips := range [][]string{{code, "0" + code}, swapped(code), retyped(code)} {
		var places []*Territory
		for _, slip := range slips {
			m, ok := france().find(slip, level)
			if !ok {
				continue
			}
			place, _ := france().current(m.Current().Code, m.Level)
			places = append(places, place)
		}
		slices.SortStableFunc(places, func(a, b *Territory) int {
			if kept := sameStart(a.Code, code); kept != sameStart(b.Code, code) {
				if kept {
					return -1
				}
				return 1
			}
			return cmp.Compare(b.Population, a.Population)
		})
		near = appendNew(near, places, suggestions)
	}
	return near
}

// sameStart reports whether two codes begin with the same two characters, which
// tell the département of a commune.
func sameStart(a, b string) bool {
	return len(a) >= 2 && len(b) >= 2 && a[:2] == b[:2]
}

// swapped gives a code with two neighbours swapped, wherever it can be.
func swapped(code string) []string {
	var slips []string
	for i := range len(code) - 1 {
		slips = append(slips, code[:i]+code[i+1:i+2]+code[i:i+1]+code[i+2:])
	}
	return slips
}

// retyped gives a code with one character changed, missing or added.
func retyped(code string) []string {
	const characters = "0123456789AB"
	var slips []string
	for i := range len(code) + 1 {
		for _, c := range characters {
			slips = append(slips, code[:i]+string(c)+code[i:])
			if i < len(code) {
				slips = append(slips, code[:i]+string(c)+code[i+1:])
			}
		}
		if i < len(code) {
			slips = append(slips, code[:i]+code[i+1:])
		}
	}
	return slips
}

// beside gives the territories that stand beside a code in the list of its level
// and are alike: by their first two characters, the same département.
func beside(code string, level Level, alike func(a, b string) bool) []*Territory {
	if level == "" {
		level = levelOf(code)
	}
	list := france().at(level)
	at := position(list, code)
	var near []*Territory
	for step := range suggestions {
		for _, i := range []int{at - 1 - step, at + step} {
			if i >= 0 && i < len(list) && alike(list[i].Code, code) {
				near = append(near, &list[i])
			}
		}
	}
	return near
}

// levelOf guesses what a code of some length stands for.
func levelOf(code string) Level {
	switch {
	case len(code) <= 3:
		return Departement
	case len(code) <= 6:
		return Commune
	}
	return EPCI
}
