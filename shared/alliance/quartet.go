package alliance

import "slices"

// Role is one of the four that a territory brings: "les 4 Fantastiques".
type Role string

// The four roles.
const (
	Elected       Role = "elected"       // élu·e
	Officer       Role = "officer"       // agent de la collectivité
	State         Role = "state"         // État territorial
	Socioeconomic Role = "socioeconomic" // acteur socio-économique
)

// Quartet lists the four roles, in the order in which pages show them.
var Quartet = []Role{Elected, Officer, State, Socioeconomic}

// Valid reports whether r is one of the four.
func (r Role) Valid() bool { return slices.Contains(Quartet, r) }

// Label is what pages and mails call the role, in French.
func (r Role) Label() string {
	switch r {
	case Elected:
		return "Élu·e"
	case Officer:
		return "Agent·e de la collectivité"
	case State:
		return "Service de l’État"
	case Socioeconomic:
		return "Acteur ou actrice socio-économique"
	}
	return string(r)
}
