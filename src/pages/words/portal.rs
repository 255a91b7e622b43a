//! The words of the portal. They are for people who use a tablet and know nothing of this
//! server: what is, why, and what they can do.

use super::words;

words! {
    /// A text of the portal.
    pub enum PortalWord {
        Apps => "Apps", "Apps";
        Requests => "My requests", "Meine Anforderungen";
        MyTablet => "My tablet", "Mein Tablet";
        Tablet => "Tablet", "Tablet";
        Show => "Show", "Anzeigen";
        LanguageChoice => "Language", "Sprache";

        AppsFor => "Apps for {}", "Apps für {}";
        SearchApps => "Search apps", "Apps suchen";
        Search => "Search", "Suchen";
        NoApps => "There are no apps for {} yet.", "Für {} gibt es noch keine Apps.";
        NoAppsAdvice => "Ask the helpdesk which apps your tablet can have.", "Fragen Sie den Helpdesk, welche Apps Ihr Tablet bekommen kann.";
        NoMatch => "No app for this tablet contains “{}”.", "Keine App für dieses Tablet enthält „{}“.";
        NotWhole => "Not all apps were looked through.", "Es wurden noch nicht alle Apps durchsucht.";
        ShowAll => "Show all apps", "Alle Apps anzeigen";
        First => "First", "Anfang";
        Next => "Next", "Weiter";
        Pages => "Pages", "Seiten";

        Install => "Install", "Installieren";
        InstallAgain => "Install again", "Erneut installieren";
        Update => "Update", "Aktualisieren";
        Look => "Look", "Ansehen";
        TryAgain => "Try again", "Noch einmal versuchen";
        TakeBack => "Take back", "Zurücknehmen";

        NotInstalled => "Not installed", "Nicht installiert";
        Installed => "Installed", "Installiert";
        InstalledAt => "Installed {}", "Installiert {}";
        UpdateFrom => "You have {}", "Sie haben {}";
        UpdateIs => "Update", "Neue Version";
        WasNotInstalled => "It was not installed", "Nicht installiert: fehlgeschlagen";
        UnderWay => "Under way", "In Arbeit";
        NotYet => "Not yet", "Noch nicht";
        Version => "Version", "Version";
        State => "State", "Stand";

        Unenrolled => "This tablet is no longer managed here. Ask the helpdesk.", "Dieses Tablet wird hier nicht mehr verwaltet. Fragen Sie den Helpdesk.";
        NoAppJobs => "This kind of device gets its apps in another way. Ask the helpdesk.", "Diese Art von Gerät bekommt Apps auf anderem Weg. Fragen Sie den Helpdesk.";
        NotCompliant => "This app needs a tablet with all of your organization's settings, and yours is not known to have them. Ask the helpdesk.", "Diese App braucht ein Tablet mit allen Einstellungen Ihrer Organisation, und von Ihrem ist das nicht bekannt. Fragen Sie den Helpdesk.";
        Incomplete => "The helpdesk has not finished preparing this app.", "Der Helpdesk hat diese App noch nicht fertig vorbereitet.";
        AnotherRequest => "It is being installed already, at somebody else's request.", "Sie wird bereits installiert, auf Anforderung von jemand anderem.";
        TooMany => "You have 20 requests under way, the most there may be. Wait until one is done, or take one back.", "Sie haben 20 laufende Anforderungen, mehr sind nicht möglich. Warten Sie, bis eine fertig ist, oder nehmen Sie eine zurück.";

        InstallOn => "{} on {}", "{} auf {}";
        StepOf => "Step {} of {}: {}", "Schritt {} von {}: {}";
        AllDone => "Done: the app is installed.", "Fertig: die App ist installiert.";
        StageAsked => "Asked for", "Angefordert";
        StageCalled => "Calling the tablet", "Tablet rufen";
        StageSent => "Sending to the tablet", "An das Tablet senden";
        StageInstalling => "Installing", "Installieren";
        StageReady => "Ready", "Fertig";
        MarkDone => "done", "erledigt";
        MarkNow => "now", "läuft";
        MarkTodo => "not yet", "noch nicht";
        MarkFailed => "ended here", "hier beendet";
        MarkSkipped => "not needed", "nicht nötig";
        CannotCall => "Not possible at the moment", "Im Moment nicht möglich";
        CameByItself => "Not needed: the tablet came by itself", "Nicht nötig: das Tablet kam von selbst";
        PercentRead => "{} %, as the tablet last said", "{} %, wie das Tablet zuletzt meldete";
        ByYou => "{}, by you", "{}, von Ihnen";
        ByAnother => "{}, by the helpdesk", "{}, vom Helpdesk";

        HoldPushDue => "Your tablet is being asked to connect. This takes less than a minute as a rule.", "Ihr Tablet wird gebeten, sich zu verbinden. Das dauert in der Regel weniger als eine Minute.";
        HoldNoPush => "Your tablet cannot be called at the moment, so the app waits until it comes by itself.", "Ihr Tablet kann im Moment nicht gerufen werden; die App wartet, bis es von selbst kommt.";
        HoldVisitDue => "Your tablet was asked to connect. If it is on and has a network, it comes within minutes.", "Ihr Tablet wurde gebeten, sich zu verbinden. Ist es an und hat es Netz, kommt es in wenigen Minuten.";
        HoldNoVisit => "Your tablet was called but did not come: it may be off, asleep or without a network. Nothing is lost: the app waits for it.", "Ihr Tablet wurde gerufen, kam aber nicht: vielleicht ist es aus, im Ruhezustand oder ohne Netz. Es geht nichts verloren: die App wartet.";
        HoldInSession => "Your tablet is connected, and the app is being sent.", "Ihr Tablet ist verbunden, und die App wird gesendet.";
        HoldTime => "It is not sent before the time that was set for it.", "Sie wird nicht vor der dafür festgelegten Zeit gesendet.";
        HoldCommands => "Other work for this tablet goes first.", "Andere Aufgaben für dieses Tablet kommen zuerst.";
        HoldRules => "A rule of your organization holds it back. Ask the helpdesk.", "Eine Regel Ihrer Organisation hält sie zurück. Fragen Sie den Helpdesk.";
        HoldAnswer => "The app was sent. The tablet has not answered yet.", "Die App wurde gesendet. Das Tablet hat noch nicht geantwortet.";
        HoldJob => "The tablet is installing the app, and says how far it is whenever it connects.", "Das Tablet installiert die App und meldet bei jeder Verbindung, wie weit es ist.";

        BriefPushDue => "Waiting: your tablet is being called", "Wartet: Ihr Tablet wird gerufen";
        BriefNoPush => "Waiting: goes when you next sign in to Windows", "Wartet: geht, wenn Sie sich das nächste Mal bei Windows anmelden";
        BriefNoPushOther => "Waiting: goes when the device next connects", "Wartet: geht, wenn sich das Gerät das nächste Mal verbindet";
        BriefVisitDue => "Waiting: your tablet was called", "Wartet: Ihr Tablet wurde gerufen";
        BriefNoVisit => "Waiting: your tablet has not come yet", "Wartet: Ihr Tablet kam noch nicht";
        BriefInSession => "Being sent now", "Wird gerade gesendet";
        BriefTime => "Waiting for the time that was set", "Wartet auf die festgelegte Zeit";
        BriefCommands => "Waiting for other work on the tablet", "Wartet auf andere Aufgaben des Tablets";
        BriefRules => "Held back by a rule: ask the helpdesk", "Von einer Regel zurückgehalten: fragen Sie den Helpdesk";
        BriefAnswer => "Sent to the tablet", "An das Tablet gesendet";
        BriefJob => "Installing", "Wird installiert";

        WhenNext => "When", "Wann";
        UntilVisit => "Expected until {}.", "Erwartet bis {}.";
        NotBefore => "Not before {}.", "Nicht vor {}.";
        AtSignIn => "At the latest when you next sign in to Windows on this tablet.", "Spätestens, wenn Sie sich das nächste Mal auf diesem Tablet bei Windows anmelden.";
        AtSignInUsually => "At the latest when you next sign in to Windows on this tablet, which you usually do about {}.", "Spätestens, wenn Sie sich das nächste Mal auf diesem Tablet bei Windows anmelden, meist gegen {}.";
        AtNight => "Or {}, if you stay signed in and the tablet is on.", "Oder {}, wenn Sie angemeldet bleiben und das Tablet an ist.";
        AtItsTime => "When the device next connects by its own schedule.", "Wenn sich das Gerät das nächste Mal nach seinem Zeitplan verbindet.";
        Hint => "You can close this page: the app goes on by itself.", "Sie können diese Seite schließen: die App kommt von selbst weiter.";

        EndFailed => "The app was not installed.", "Die App wurde nicht installiert.";
        EndCancelled => "This request was taken back.", "Diese Anforderung wurde zurückgenommen.";
        EndSuperseded => "A newer request took the place of this one.", "Eine neuere Anforderung hat diese ersetzt.";
        EndEnded => "The tablet was set up anew since: what was installed may be gone.", "Das Tablet wurde seither neu eingerichtet: was installiert war, kann fehlen.";
        MayStillInstall => "The tablet had received it already and may still install it.", "Das Tablet hatte sie schon erhalten und installiert sie vielleicht trotzdem.";
        ErrorNumber => "The tablet reports the error {}.", "Das Tablet meldet den Fehler {}.";
        ErrorUnknown => "What it means is not known here. Try again, or ask the helpdesk.", "Was er bedeutet, ist hier nicht bekannt. Versuchen Sie es noch einmal oder fragen Sie den Helpdesk.";
        ErrorNone => "Why is not known here. Try again, or ask the helpdesk.", "Der Grund ist hier nicht bekannt. Versuchen Sie es noch einmal oder fragen Sie den Helpdesk.";
        FaultDisk => "There is too little free space. Remove what you do not need, then try again.", "Es ist zu wenig Platz frei. Entfernen Sie, was Sie nicht brauchen, und versuchen Sie es noch einmal.";
        FaultNetwork => "The app could not be downloaded. Check the tablet's network, then try again.", "Die App konnte nicht heruntergeladen werden. Prüfen Sie die Netzverbindung des Tablets und versuchen Sie es noch einmal.";
        FaultSideloading => "This tablet may not install apps from outside the Store: it needs a sideloading key. The helpdesk can add one.", "Dieses Tablet darf keine Apps von außerhalb des Store installieren: es braucht einen Sideloading-Schlüssel. Der Helpdesk kann ihn hinzufügen.";
        FaultInUse => "The app was open. Close it, then try again.", "Die App war geöffnet. Schließen Sie sie und versuchen Sie es noch einmal.";
        FaultDependency => "The app needs something that could not be installed. Ask the helpdesk.", "Die App braucht etwas, das nicht installiert werden konnte. Fragen Sie den Helpdesk.";
        FaultPackage => "The app's package is damaged or is another one than was announced. Ask the helpdesk.", "Das Paket der App ist beschädigt oder ein anderes als angekündigt. Fragen Sie den Helpdesk.";
        ForHelpdesk => "For the helpdesk: {}, request {}", "Für den Helpdesk: {}, Anforderung {}";
        LostTouch => "The server does not answer. This page tries again by itself.", "Der Server antwortet nicht. Diese Seite versucht es von selbst noch einmal.";
        SignedOutHere => "You are signed out.", "Sie sind abgemeldet.";
        NoLongerUpdated => "This page is no longer updated.", "Diese Seite wird nicht mehr aktualisiert.";
        LoadAgain => "Load it again", "Neu laden";

        NoRequests => "You have not asked for an app yet.", "Sie haben noch keine App angefordert.";
        FindAnApp => "Find an app", "Eine App finden";
        NeedYou => "These were not installed", "Diese wurden nicht installiert";
        AllRequests => "All requests", "Alle Anforderungen";

        LastHere => "Last connected", "Zuletzt verbunden";
        NeverHere => "It has not connected yet.", "Es hat sich noch nicht verbunden.";
        NeverHereAdvice => "Sign out of Windows on it and sign in again. If it still does not connect, ask the helpdesk.", "Melden Sie sich auf ihm von Windows ab und wieder an. Verbindet es sich auch dann nicht, fragen Sie den Helpdesk.";
        Calls => "Can it be called?", "Kann es gerufen werden?";
        CallsYes => "Yes: an app that you ask for comes within minutes, if the tablet is on and has a network.", "Ja: eine App, die Sie anfordern, kommt in wenigen Minuten, wenn das Tablet an ist und Netz hat.";
        CallsNo => "Not at the moment: an app that you ask for comes when the tablet connects by itself.", "Im Moment nicht: eine App, die Sie anfordern, kommt, wenn sich das Tablet von selbst verbindet.";
        ComesByItself => "When it connects by itself", "Wann es sich von selbst verbindet";
        ComesAtSignIn => "When you sign in to Windows on it", "Wenn Sie sich darauf bei Windows anmelden";
        ComesUsually => "When you sign in to Windows on it, usually about {}", "Wenn Sie sich darauf bei Windows anmelden, meist gegen {}";
        ComesAtNight => "At night, next {}, while you stay signed in and the tablet is on", "Nachts, das nächste Mal {}, solange Sie angemeldet sind und das Tablet an ist";
        ComesByPlan => "By its own schedule", "Nach seinem eigenen Zeitplan";
        MakeItCome => "To make it connect now", "Damit es sich jetzt verbindet";
        MakeItComeHow => "Sign out of Windows on the tablet, then sign in again. A restart alone is not enough: apps come after you sign in.", "Melden Sie sich auf dem Tablet von Windows ab und wieder an. Ein Neustart allein genügt nicht: Apps kommen nach der Anmeldung.";
        TurnOn => "Turn it on and connect it to a network.", "Schalten Sie es ein und verbinden Sie es mit dem Netz.";
        NoTablet => "No tablet is yours here any more.", "Hier gehört Ihnen kein Tablet mehr.";
        NoTabletAdvice => "Sign out, and ask the helpdesk for a new link.", "Melden Sie sich ab und bitten Sie den Helpdesk um einen neuen Link.";

        SignInTitle => "Sign in to get apps", "Anmelden, um Apps zu bekommen";
        SignInHow => "Ask the helpdesk for a link or a code for your tablet.", "Bitten Sie den Helpdesk um einen Link oder einen Code für Ihr Tablet.";
        Code => "Code", "Code";
        CodeHint => "Eight letters and digits, such as 7F3K-22QX", "Acht Buchstaben und Ziffern, zum Beispiel 7F3K-22QX";
        CodeWrong => "This code is not right, or it is no longer valid. Check it, or ask the helpdesk for a new one.", "Dieser Code stimmt nicht oder gilt nicht mehr. Prüfen Sie ihn oder bitten Sie den Helpdesk um einen neuen.";
        CodeForm => "Enter the eight letters and digits of the code.", "Geben Sie die acht Buchstaben und Ziffern des Codes ein.";
        LinkTitle => "Sign in", "Anmelden";
        LinkFor => "This link is for {} and the tablet {}.", "Dieser Link ist für {} und das Tablet {}.";
        LinkOnce => "It works once. Continue only if that is you.", "Er gilt einmal. Fahren Sie nur fort, wenn Sie das sind.";
        LinkUnusable => "This link cannot be used", "Dieser Link kann nicht verwendet werden";
        LinkUnknown => "There is no such link.", "Diesen Link gibt es nicht.";
        LinkUsed => "The link was used already: each works once.", "Der Link wurde schon verwendet: jeder gilt einmal.";
        LinkExpired => "The link is too old: it works for 30 minutes.", "Der Link ist zu alt: er gilt 30 Minuten.";
        LinkEnded => "The helpdesk has withdrawn the link.", "Der Helpdesk hat den Link zurückgezogen.";
        LinkTries => "Too many wrong codes were tried for it.", "Dafür wurden zu viele falsche Codes eingegeben.";
        LinkOtherUser => "The tablet has been given to somebody else since.", "Das Tablet wurde seither jemand anderem gegeben.";
        LinkAdvice => "Ask the helpdesk for a new link.", "Bitten Sie den Helpdesk um einen neuen Link.";

        NoticeAsked => "Asked for. You see below how far it is.", "Angefordert. Unten sehen Sie, wie weit sie ist.";
        NoticeTakenBack => "The request was taken back.", "Die Anforderung wurde zurückgenommen.";
        NoticeLanguage => "The language was changed.", "Die Sprache wurde geändert.";
        GoneApp => "This app is not offered any more.", "Diese App wird nicht mehr angeboten.";
        Changed => "This has changed meanwhile. Nothing was done: here is how it stands now.", "Das hat sich inzwischen geändert. Es wurde nichts getan: so steht es jetzt.";

        Today => "today {}", "heute {}";
        Tomorrow => "tomorrow {}", "morgen {}";
        Yesterday => "yesterday {}", "gestern {}";
        OnDay => "{} {}, {}", "{}. {}, {}";
        Between => "{} to {}", "{} bis {}";
    }
}
