package eval

// A Backup is a copy of a workspace's database that was made and verified.
type Backup struct {
	File   string      `json:"file"`
	Bytes  int64       `json:"bytes"`
	Tables []TableRows `json:"tables"`
}

// TableRows is the number of rows of a table.
type TableRows struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}
