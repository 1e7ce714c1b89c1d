import JSON
import Machine

extension FileSystemFacts {
    var json: JSONValue {
        .object([
            "path": .string(path), "total_bytes": .integer(totalBytes),
            "free_bytes": .integer(freeBytes),
        ])
    }
}
