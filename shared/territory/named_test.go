package territory

import "testing"

// TestTypedOffersWhoeverMayBeMeant, the likeliest first: by name, or by code
// when digits were typed.
func TestTypedOffersWhoeverMayBeMeant(t *testing.T) {
	for text, want := range map[string]string{"Figeac": "46102", "46102": "46102", "reg-76": "REG-76", "cc grand figeac": "200067361"} {
		if ref, among := Typed(text); ref != want || len(among) > 0 {
			t.Errorf("%q is %s or one of %v, not %s", text, ref, refs(among), want)
		}
	}
	for text, want := range map[string][]string{
		"Paris": {"75", "75056"}, "Mairie de Figeac": {"200067361", "46102"}, "Figeak": {"46102"}, "REG-7": {"REG-75", "REG-76"}, "Zzzzzzzzz": {},
	} {
		ref, among := Typed(text)
		if ref != "" || len(among) < len(want) || len(among) > offered || len(want) == 0 && len(among) > 0 {
			t.Fatalf("%q is %s or one of %v", text, ref, refs(among))
		}
		for i := range want {
			if refs(among)[i] != want[i] {
				t.Errorf("%q is one of %v, first %v", text, refs(among), want)
			}
		}
	}
}
