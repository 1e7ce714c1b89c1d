/// Where the records of a part of a stream end.
package final class PartLimit {
    /// The last place at which a record of the part may begin; it may become known while it is read.
    package private(set) var last: Int

    /// - Parameter last: by default all that follow belong to the part.
    package init(last: Int = .max) { self.last = last }

    func set(last: Int) { self.last = last }

    package convenience init(below limit: Int) { self.init(last: limit - 1) }
}

/// The place of the member of a compressed stream behind which another part begins.
///
/// A part that begins at a member passes over what comes before its first separator: whether a record
/// begins at the very start, nobody can tell there. So the part before it has the records that begin up
/// to the length of a separator behind that place.
package struct MemberMark {
    /// In the source.
    package let place: Int
    /// The bytes behind the decoded place at which records still belong to the part before, and one less.
    package let slack: Int
    package let limit: PartLimit

    package init(place: Int, slack: Int, limit: PartLimit) {
        (self.place, self.slack, self.limit) = (place, slack, limit)
    }

    /// Notes that a member begins.
    func begin(at place: Int, decoded: Int) {
        guard limit.last == .max, place >= self.place else { return }
        limit.set(last: decoded + slack)
    }
}
