/// The grammar of the stories: what happens, in which order, and what is remembered.
///
/// A story introduces a hero and what the hero owns, an outing and a companion, follows one of six
/// plots, counts something, and ends in bed. Names, things and numbers that were introduced come
/// back, so a model has to look far behind it; the results of sums are never chosen. Mostly a
/// pronoun is put for the hero: looking a name up is the last thing that a small model learns.
struct Story<Voice: StoryVoice> {
    var voice: Voice
    private(set) var hero = StoryPerson()
    private(set) var companion = StoryPerson()
    package private(set) var family: [String] = []
    private var treasure = ""

    package init(_ voice: Voice) { self.voice = voice }

    /// Tells one story, which ends with a newline.
    package mutating func tell() {
        introduceHero()
        goOut()
        followPlot()
        count()
        goToBed()
    }

    private mutating func introduceHero() {
        pick(["Once ", "Long ago ", "Last year "])
        pick(StoryWords.characters.map(\.withArticle))
        let isGirl = pick([" girl called ", " boy called "]) == " girl called "
        let name = pick(isGirl ? StoryWords.girls : StoryWords.boys)
        hero = StoryPerson(name: name, isGirl: isGirl)
        tellFamily()
        pick(StoryWords.sights.map(\.withArticle), after: " in ")
        pick(StoryWords.houses, after: " ")
        say(" ")
        tellPlace()
        say(". \(hero.subject.withCapital) had ")
        treasure = tellNoun()
        say(", ")
        tellThings()
        say(", ")
        tellThings()
        say(", ")
        tellThings()
        say(" and ")
        tellAnimals()
        say(". ")
    }

    private mutating func tellFamily() {
        family.append(pick(names, after: " lived with "))
        family.append(pick(names, after: ", "))
        family.append(pick(names, after: ", "))
        family.append(pick(names, after: " and "))
    }

    private mutating func goOut() {
        pick(["One ", "On a "])
        pick(StoryWords.weather)
        pick(StoryWords.weekdays, after: " ")
        say(" \(hero.subject) ")
        pick(["walked", "ran", "hurried", "wandered", "rode", "came", "marched", "crept"])
        say(" past ")
        tellAnimals()
        pick(StoryWords.sights, after: " to the ")
        pick(StoryWords.landmarks, after: " ")
        say(". There ")
        let name = pick(names)
        companion = StoryPerson(name: name, isGirl: StoryWords.girls.contains(name))
        say(" the ")
        tellProfession()
        say(" was ")
        pick(StoryWords.activities)
        say(" ")
        tellThing()
        say(" and ")
        tellThings()
        say(". ")
    }

    private mutating func goToBed() {
        pick(["At night ", "In bed ", "At home ", "By the fire "])
        say("\(hero.name) dreamed of the \(treasure), ")
        tellThings()
        say(", ")
        tellThings()
        say(", ")
        tellAnimals()
        say(" and ")
        pick(StoryWords.looks.map(\.withArticle))
        pick(StoryWords.figures, after: " ")
        say(".\n")
    }
}

/// Phrases that all parts of the grammar share.
extension Story {
    /// Names that nobody in the story has yet.
    package var names: [String] {
        (StoryWords.girls + StoryWords.boys).filter { ![hero.name, companion.name].contains($0) }
            .filter { !family.contains($0) }
    }

    package mutating func say(_ text: String) { voice.say(text) }

    /// Says the lead and one of the texts, all equally likely.
    @discardableResult
    mutating func pick(_ options: [String], after lead: String = "") -> String {
        if !lead.isEmpty { voice.say(lead) }
        return options[voice.choose(options, weights: [])]
    }

    /// Says a number of the range and gives it back.
    package mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + voice.choose(range.map(String.init), weights: [])
    }

    /// Says "a red ball" and gives back "red ball".
    @discardableResult
    mutating func tellThing(of things: [String] = StoryWords.things) -> String {
        let quality = pick(StoryWords.qualities.map(\.withArticle))
        return quality.withoutArticle + " " + pick(things, after: " ")
    }

    /// Says "a red ball" and gives back "ball".
    mutating func tellNoun() -> String { String(tellThing().drop { $0 != " " }.dropFirst()) }

    /// Says "3 red balls" and gives back the number and "red balls".
    @discardableResult
    mutating func tellThings(
        of things: [String] = StoryWords.things, in range: ClosedRange<Int> = 2...9
    ) -> (count: Int, name: String) {
        let count = number(in: range)
        let quality = pick(StoryWords.qualities, after: " ")
        return (count, quality + " " + pick(things.map(\.plural), after: " "))
    }

    /// Says "a shy goat".
    mutating func tellAnimal() {
        pick(StoryWords.looks.map(\.withArticle))
        pick(StoryWords.animals, after: " ")
    }

    mutating func tellAnimals() {
        pick(StoryWords.numbers)
        pick(StoryWords.looks, after: " ")
        pick(StoryWords.animals.map(\.plural), after: " ")
    }

    /// Says "behind the old barn".
    mutating func tellPlace() {
        pick(StoryWords.prepositions)
        pick(StoryWords.sights, after: " the ")
        pick(StoryWords.landmarks, after: " ")
    }

    /// Says "merry sailor".
    mutating func tellProfession() {
        pick(StoryWords.characters)
        pick(StoryWords.professions, after: " ")
    }
}
