package rules

import (
	"go/ast"
	"go/token"
	"testing"
)

// documented finds what users can see and nobody explained.
func documented(t *tree) []finding {
	var found []finding
	for _, p := range t.pkgs {
		code := p.code()
		if len(code) == 0 {
			continue
		}
		hasDoc := false
		for _, f := range code {
			hasDoc = hasDoc || f.ast.Doc.Text() != ""
		}
		if !hasDoc {
			found = append(found, t.at(code[0].ast.Package, "package %s has no package comment; write one in doc.go", p.name()))
		}
		if !p.public() {
			continue
		}
		for _, f := range code {
			for _, d := range f.ast.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Name.IsExported() && exportedReceiver(d) && d.Doc.Text() == "" {
						found = append(found, undocumented(t, d.Name))
					}
				case *ast.GenDecl:
					for _, s := range d.Specs {
						found = append(found, undocumentedSpec(t, d, s)...)
					}
				}
			}
		}
	}
	return found
}

func undocumented(t *tree, name *ast.Ident) finding {
	return t.at(name.Pos(), "%s is exported without a comment; say what it is, its units and what it refuses", name.Name)
}

func undocumentedSpec(t *tree, d *ast.GenDecl, s ast.Spec) []finding {
	var found []finding
	switch s := s.(type) {
	case *ast.ValueSpec:
		if d.Doc.Text()+s.Doc.Text()+s.Comment.Text() != "" {
			return nil
		}
		for _, n := range s.Names {
			if n.IsExported() {
				found = append(found, undocumented(t, n))
			}
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return nil
		}
		// The comment of a group of types explains the group, not each type.
		if s.Doc.Text() == "" && s.Comment.Text() == "" && (d.Lparen != token.NoPos || d.Doc.Text() == "") {
			found = append(found, undocumented(t, s.Name))
		}
		switch typ := s.Type.(type) {
		case *ast.StructType:
			found = append(found, undocumentedFields(t, typ.Fields)...)
		case *ast.InterfaceType:
			found = append(found, undocumentedFields(t, typ.Methods)...)
		}
	}
	return found
}

// undocumentedFields looks at the fields of a struct or the methods of an
// interface. What is embedded has its comment where it is declared.
func undocumentedFields(t *tree, list *ast.FieldList) []finding {
	var found []finding
	for _, f := range list.List {
		if f.Doc.Text()+f.Comment.Text() == "" {
			for _, n := range f.Names {
				if n.IsExported() {
					found = append(found, undocumented(t, n))
				}
			}
		}
		if inner, ok := f.Type.(*ast.StructType); ok {
			found = append(found, undocumentedFields(t, inner.Fields)...)
		}
	}
	return found
}

// exportedReceiver reports whether d is a function or a method that users see.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.ParenExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

func TestExportedIsDocumented(t *testing.T) { report(t, documented(repo(t))) }
