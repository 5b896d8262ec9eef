package ledger

// EnrolledType is the type of the fact that a territory joins a cohort, as it
// is stated now. Version 1 did not say when the cohort ends.
const EnrolledType = "territory.enrolled.v2"

// Enrolled is the data of territory.enrolled.v2: a territory joins a cohort.
// Functions cohort and partner both state it.
type Enrolled struct {
	Cohort     string   `json:"cohort"`
	Programme  string   `json:"programme,omitempty"`
	Territory  string   `json:"territory"`               // official code, REG-76 for a region
	EnrolledOn string   `json:"enrolled_on"`             // day
	EndsOn     string   `json:"ends_on,omitempty"`       // day on which the cohort ends, when it is known
	Source     string   `json:"source"`                  // application or partner
	Partner    string   `json:"partner,omitempty"`       // who said so
	Roles      []string `json:"quartet_roles,omitempty"` // which of the four are known
	// SaidAt is when it was said, RFC 3339 in UTC: of two words on a territory in
	// a cohort, the one said later holds, whatever day each is about.
	SaidAt   string `json:"said_at,omitempty"`
	Corrects string `json:"corrects,omitempty"` // the fact that this one replaces
}

// Withdrawn is the data of territory.withdrawn.v1: a territory leaves a cohort.
type Withdrawn struct {
	Cohort      string `json:"cohort"`
	Programme   string `json:"programme,omitempty"`
	Territory   string `json:"territory"`
	WithdrawnOn string `json:"withdrawn_on"`
	Source      string `json:"source"`
	Partner     string `json:"partner,omitempty"`
	SaidAt      string `json:"said_at,omitempty"` // as for Enrolled
	Corrects    string `json:"corrects,omitempty"`
}

// Reached is the data of milestone.reached.v1: a territory of a cohort has
// reached a milestone.
type Reached struct {
	Cohort    string `json:"cohort"`
	Territory string `json:"territory"`
	Milestone string `json:"milestone"`
	ReachedOn string `json:"reached_on"`
	Partner   string `json:"partner"`
	Corrects  string `json:"corrects,omitempty"`
}
