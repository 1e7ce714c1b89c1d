import Diagnostics

extension JSONValue {
    /// Reads a whole document; white space may stand around it, nothing else.
    ///
    /// Stricter than most readers, since what is read here decides what a file means: a name that
    /// stands twice in an object is an error, and so is nesting deeper than `maximumDepth`.
    ///
    /// - Parameters:
    ///   - place: the file, for the error.
    ///   - names: when two names of an object are the same.
    package init(
        parsing bytes: UnsafeRawBufferPointer, at place: String, maximumDepth: Int = 64,
        names: JSONNames = .strings
    ) throws(Failure) {
        var parser = JSONParser(
            bytes: bytes, place: place, maximumDepth: maximumDepth, names: names)
        self = try parser.document()
    }

    package init(
        parsing bytes: [UInt8], at place: String, maximumDepth: Int = 64,
        names: JSONNames = .strings
    ) throws(Failure) {
        let result: Result<JSONValue, Failure> = bytes.withUnsafeBytes { buffer in
            Result { () throws(Failure) in
                try JSONValue(
                    parsing: buffer, at: place, maximumDepth: maximumDepth, names: names)
            }
        }
        self = try result.get()
    }
}
