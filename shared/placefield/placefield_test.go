package placefield

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// A name or a code, as people type it; what may be several is not guessed.
func TestTerritoryIsFoundByNameInPages(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"figeac": "46102", "31555": "31555", "OCCITANIE": "REG-76", "Toulouse Métropole": "243100518", "09028": "09296",
		"Paris": "Paris", "": "", "Nulle part": "Nulle part", "Lot": "46",
	} {
		if got := Meant(url.Values{"where": {typed}}, "where"); got != want {
			t.Errorf("%s: %s", typed, got)
		}
	}
}

// Who sees a code reads whose it is.
func TestACodeIsNamed(t *testing.T) {
	t.Parallel()
	for shown, want := range map[string]string{"46102": "Figeac, commune (Lot)", "REG-76": "Occitanie, région", "Figeac": "", "": ""} {
		if got := Ask(web.Form{Values: url.Values{"where": {shown}}}, "where", "").Now; got != want {
			t.Errorf("%s: %q", shown, got)
		}
	}
}

// What may be several is offered, and what was chosen is meant.
func TestOneOfSeveralIsChosen(t *testing.T) {
	t.Parallel()
	values := url.Values{"where": {"Saint-Denis"}}
	var faults fault.Fields
	if got := Read(values, "where", &faults); got != "" || len(faults) != 1 || !strings.Contains(faults[0].Message, "choisissez lequel") {
		t.Fatalf("%q, %v", got, faults)
	}
	if asked := Ask(web.Form{Values: values, Faults: faults}, "where", ""); len(asked.Among) < 2 || !web.Offers(asked.Among, "97411") {
		t.Errorf("%+v", asked.Among)
	}
	values.Set(ChoiceField("where"), "97411")
	if got := Meant(values, "where"); got != "97411" {
		t.Errorf("%q", got)
	}
	if asked := Ask(web.Form{Values: values}, "where", ""); !web.Offers(asked.Among, "97411") {
		t.Error("the choice is forgotten when something else is wrong")
	}
	values.Set("where", "Figeac")
	if got := Meant(values, "where"); got != "46102" {
		t.Errorf("typed after the choice: %q", got)
	}
}

// People are not told of codes where programs are.
func TestPeopleAreAdvised(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{"Saint-Denis": "choisissez lequel", "qqqqqqqqq": "ce nom ni ce code", "figeac": "pour un programme"} {
		faults := fault.Fields{{Location: "other", Message: "autre"}, {Location: "where", Message: "pour un programme"}}
		Advise(url.Values{"where": {typed}}, "where", faults)
		if !strings.Contains(faults[1].Message, want) || faults[0].Message != "autre" {
			t.Errorf("%s: %v", typed, faults)
		}
	}
}
