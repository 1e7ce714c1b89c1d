import Diagnostics
import Files
import Foundation
import Options

extension Recipe {
    /// The recipe as a run keeps it: the paths with the directory to which they belong, but not
    /// where one start of it was to end.
    package var stored: Recipe {
        var recipe = self
        recipe.directory = RecipePlace.workingDirectory
        recipe.train.stopAfterSteps = nil
        recipe.finetune.train.stopAfterSteps = nil
        return recipe
    }

    /// Makes the paths of a recipe that names their directory lead to the same places from the working
    /// directory. Where the file is RUN/recipe.yaml, or that of a checkpoint in RUN, the recipe means
    /// this RUN, wherever it lies now.
    ///
    /// - Throws: `Failure` where the system cannot find out whether something exists at a path.
    mutating func relocate(from file: String) throws(Failure) {
        guard let directory else { return }
        self.directory = nil
        if output.isEmpty { output = "runs/\(name)" }
        let place = RecipePlace(of: file, directory: directory, run: output)
        for key in Self.keys {
            guard let role = key.pathRole else { continue }
            let value = try key.read(self).mapped { path throws(Failure) in
                try place.path(path, role)
            }
            let isTaken = key.write(&self, value)
            precondition(isTaken, "\(key.path): a path may be any text")
        }
        storedRun = place.run
    }

    /// The recipe with the paths of `other` where they lead to the same files, or were typed alike by
    /// the run that stored `typed`.
    func takingEqualPaths(of other: Recipe, typed: Recipe) throws(Failure) -> Recipe {
        var recipe = self
        for key in Self.keys where key.pathRole != nil {
            let (own, others) = (key.read(self), key.read(other))
            var isEqual = key.read(typed) == others
            if !isEqual {
                isEqual = try own.mapped(RecipePlace.real) == others.mapped(RecipePlace.real)
            }
            if isEqual { _ = key.write(&recipe, others) }
        }
        return recipe
    }
}

/// The present places of the paths of a stored recipe.
struct RecipePlace {
    /// The run directory, from the working directory; nil where the file does not lie in one.
    package var run: String? { newRun.map(Self.fromWorkingDirectory) }

    /// The directory to which relative paths belong.
    private let directory: String
    /// The absolute path of the run where it was stored.
    private let oldRun: String
    /// The absolute path of the run where it lies now; nil where the file does not lie in one.
    private let newRun: String?

    /// - Parameters:
    ///   - file: the path of the recipe.
    ///   - run: the run directory that the recipe names.
    package init(of file: String, directory: String, run: String) {
        self.directory = Self.absolute(directory, in: Self.workingDirectory)
        oldRun = Self.absolute(run, in: self.directory)
        newRun = Self.run(of: Self.absolute(file, in: Self.workingDirectory))
    }

    static var workingDirectory: String { FileManager.default.currentDirectoryPath }

    /// The place to which a path of the stored recipe leads, from the working directory: what lies
    /// in the run moves with it; for the rest a place that is as far from the run as before counts
    /// where nothing is left at the old one.
    package func path(_ path: String, _ role: OptionPathRole) throws(Failure) -> String {
        let old = Self.absolute(path, in: directory)
        var new = old
        if let newRun {
            if old == oldRun || old.hasPrefix(oldRun + "/") {
                new = newRun + old.dropFirst(oldRun.count)
            } else if try !Self.exists(old) {
                let moved = Self.moved(old, from: oldRun, to: try Self.real(newRun))
                if try Self.exists(moved) { new = moved }
            }
        }
        if role == .inputOrName, try !Self.exists(new) { return path }
        return Self.fromWorkingDirectory(new)
    }

    /// RUN of RUN/recipe.yaml and of RUN/checkpoints/NAME/recipe.yaml.
    private static func run(of file: String) -> String? {
        var parts = file.split(separator: "/")
        guard parts.popLast() == "recipe.yaml" else { return nil }
        if parts.dropLast().last == "checkpoints" { parts.removeLast(2) }
        return "/" + parts.joined(separator: "/")
    }

    /// The path that is as far from `new` as `path` is from `old`.
    private static func moved(_ path: String, from old: String, to new: String) -> String {
        let (path, old, new) = (parts(of: path), parts(of: old), parts(of: new))
        let shared = zip(path, old).prefix { $0 == $1 }.count
        let up = old.count - shared
        return "/" + (new.dropLast(up) + path.dropFirst(shared)).joined(separator: "/")
    }

    /// The names of an absolute path; one that `..` follows is none.
    private static func parts(of path: String) -> [Substring] {
        path.split(separator: "/").reduce(into: []) { parts, part in
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
    }

    /// Whether a path exists; for a pattern, whether the directories before its first wildcard do.
    private static func exists(_ path: String) throws(Failure) -> Bool {
        let fixed = path.split(separator: "/").prefix { !$0.contains { "*?[".contains($0) } }
        return try DirectoryEntries.isThere(
            "/" + fixed.joined(separator: "/"), followsLinks: true)
    }

    private static func absolute(_ path: String, in directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static func fromWorkingDirectory(_ path: String) -> String {
        let prefix = workingDirectory + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    /// The file behind all links, for comparing; the path itself where there is none.
    package static func real(_ path: String) throws(Failure) -> String {
        let whole = absolute(path, in: workingDirectory)
        guard let resolved = realpath(whole, nil) else {
            let code = errno
            guard code != ENOENT, code != ENOTDIR else { return whole }
            throw SystemCall.failure("cannot look at the path", code: code, at: path)
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension OptionValue {
    /// The value with each text of it changed; null stays.
    fileprivate func mapped(
        _ change: (String) throws(Failure) -> String
    ) throws(Failure) -> OptionValue {
        switch self {
        case _ where isNull: return self
        case .scalar(let text, _): return .scalar(try change(text), isPlain: false)
        case .list(let values):
            return .list(
                try values.map { value throws(Failure) in try value.mapped(change) })
        case .members(let members):
            return .members(
                try members.map { member throws(Failure) in
                    // Of a source the path is one; its weight is none.
                    let value = member.value
                    return Member(
                        key: member.key,
                        value: member.key == "path" ? try value.mapped(change) : value)
                })
        }
    }
}
