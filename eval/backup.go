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

// A DatabaseCopy is a workspace that was copied into another database, and compared.
type DatabaseCopy struct {
	From   string        `json:"from"` // file, or address without a password
	To     string        `json:"to"`
	Tables []CopiedTable `json:"tables"`
}

// A CopiedTable has the same rows in both.
type CopiedTable struct {
	TableRows

	SHA256 string `json:"sha256"` // hexadecimal, over all rows in the order of their key
}
