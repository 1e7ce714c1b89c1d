import Diagnostics
import Foundation
import Options
import Yams

/// The text of a recipe and the name under which messages speak of it.
package struct RecipeFile {
    package let name: String
    package let text: String
    /// Whether the recipe is a part of the program.
    package let isBuiltIn: Bool

    package init(name: String, text: String, isBuiltIn: Bool = false) {
        self.name = name
        self.text = text
        self.isBuiltIn = isBuiltIn
    }

    /// Bytes; the longest recipe that anybody writes has some thousands.
    private static let maximumSize = 1 << 18

    /// Reads a recipe; of the directory of a run, the one that is stored there.
    package init(path: String) throws {
        let stored = path + "/recipe.yaml"
        let path = FileManager.default.fileExists(atPath: stored) ? stored : path
        let bytes = try Self.bytes(at: path)
        guard bytes.count <= Self.maximumSize else {
            throw Failure(
                "cannot read the recipe", expected: "at most \(Self.maximumSize) bytes",
                got: "more", at: path, remedy: "name a YAML file", kind: .usage)
        }
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw Failure(
                "cannot read the recipe", expected: "UTF-8 text", got: "other bytes", at: path,
                remedy: "save the file as UTF-8", kind: .usage)
        }
        self.init(name: path, text: text)
    }

    /// A recipe may be a pipe, such as <(...) of a shell; one to which nobody writes is empty, and of a
    /// device without an end no more is read than counts.
    private static func bytes(at path: String) throws(Failure) -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(reason(errno), at: path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(reason(errno), at: path) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw unreadable("a directory", at: path)
        }
        // Opening waits for no writer; reading waits for those that are there.
        guard fcntl(descriptor, F_SETFL, O_RDONLY) == 0 else {
            throw unreadable(reason(errno), at: path)
        }
        do {
            return try handle.read(upToCount: maximumSize + 1) ?? Data()
        } catch {
            throw unreadable(error.localizedDescription, at: path)
        }
    }

    private static func reason(_ code: Int32) -> String {
        code == ENOENT ? "no such file" : String(cString: strerror(code))
    }

    private static func unreadable(_ reason: String, at path: String) -> Failure {
        Failure(
            "cannot read the recipe", expected: "a YAML file", got: reason, at: path,
            remedy: "check the path", kind: .usage)
    }

    /// The values of the file, with their lines; an empty file has none.
    ///
    /// - Throws: A usage `Failure` where the text is not YAML, or not keys and blocks of keys.
    package func entries() throws -> [Recipe.Entry] {
        guard let root = try YAMLText(text, place: { "\(name):\($0)" }).node() else { return [] }
        let blocks = Set(Recipe.keys.compactMap(\.block))
        let entries = try pairs(of: root, as: "the recipe").flatMap { key, node in
            try self.entries(key, node, blocks)
        }
        // The directory that typed paths belong to is what a run stores.
        let isStored = entries.contains { $0.path == "directory" && !$0.value.isNull }
        return isStored ? entries.map(Self.asStored) : entries
    }

    private static func asStored(_ entry: Recipe.Entry) -> Recipe.Entry {
        let words = Recipe.keys.first { $0.path == entry.path }?.role.storedWords ?? [:]
        guard let word = words[entry.value.description] else { return entry }
        return Recipe.Entry(path: entry.path, value: .plain(word), place: entry.place)
    }

    /// The entries at a path: one for a key; for a block those of its keys and of the blocks in it.
    private func entries(
        _ path: String, _ node: KeyedNode, _ blocks: Set<String>
    ) throws -> [Recipe.Entry] {
        guard blocks.contains(path) else { return [try entry(path, node)] }
        if OptionValue(node.value)?.isNull == true { return [] }
        return try pairs(of: node.value, as: path).flatMap { key, node in
            try entries("\(path).\(key)", node, blocks)
        }
    }

    private func entry(_ path: String, _ node: KeyedNode) throws -> Recipe.Entry {
        let place = "\(name):\(node.line)"
        guard Recipe.keys.contains(where: { $0.path == path }) else {
            throw Recipe.unknownKey(path, at: place)
        }
        guard let value = OptionValue(node.value) else {
            throw Failure(
                path, expected: "a value or a list of values", got: "nested values",
                at: place,
                remedy: "write the value on the line of the key", kind: .usage)
        }
        return Recipe.Entry(path: path, value: value, place: place)
    }
}
