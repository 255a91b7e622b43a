//! The words that all pages share, and those of signing in and of errors.

use super::words;

words! {
    /// A text of every page, of signing in or of an error.
    pub enum Word {
        SkipToContent => "Skip to the content", "Zum Inhalt springen";
        MainNavigation => "Main navigation", "Hauptnavigation";
        SignedInAs => "Signed in as {}", "Angemeldet als {}";
        SignOut => "Sign out", "Abmelden";
        SignIn => "Sign in", "Anmelden";
        Continue => "Continue", "Weiter";
        Back => "Back", "Zurück";
        LookAgain => "Look again", "Neu laden";
        Updated => "The page was updated.", "Die Seite wurde aktualisiert.";
        ErrorTitle => "Error: {}", "Fehler: {}";
        WhatToDo => "What to do", "Was Sie tun können";
        RequestId => "Request id", "Kennung der Anfrage";
        NotFoundTitle => "This page was not found", "Diese Seite wurde nicht gefunden";
        NotFoundAdvice => "Check the address, or go back to the first page.", "Prüfen Sie die Adresse oder gehen Sie zurück zur ersten Seite.";
        ForbiddenTitle => "You may not do this", "Dazu sind Sie nicht berechtigt";
        BusyTitle => "Too much is asked at once", "Zu viele Anfragen auf einmal";
        BusyAdvice => "Wait {} seconds, then try again. Nothing was changed.", "Warten Sie {} Sekunden und versuchen Sie es dann noch einmal. Es wurde nichts geändert.";
        UnavailableTitle => "The server cannot do this now", "Der Server kann das gerade nicht";
        UnavailableAdvice => "Try again in a few seconds.", "Versuchen Sie es in einigen Sekunden noch einmal.";
        WrongInputTitle => "Something is not filled in as expected", "Eine Angabe ist nicht wie erwartet";
        ConflictTitle => "This has changed meanwhile", "Das hat sich inzwischen geändert";
        OldFormTitle => "This form is too old", "Dieses Formular ist zu alt";
        OldFormAdvice => "You signed in again, or the page was open for long. What you entered is below: check it and send it again.", "Sie haben sich neu angemeldet, oder die Seite war lange offen. Ihre Eingaben stehen unten: prüfen Sie sie und senden Sie sie noch einmal.";
        SendAgain => "Send again", "Noch einmal senden";
        ToTheFirstPage => "Go to the first page", "Zur ersten Seite";
        ConsoleTitle => "Console", "Konsole";
        PortalTitle => "Apps", "Apps";
        PortalFor => "Choose apps for your tablet, and see how far they are.", "Apps für Ihr Tablet auswählen und sehen, wie weit sie sind.";
        ConsoleFor => "For operators and auditors.", "Für Betrieb und Prüfung.";
        TokenLabel => "Token", "Token";
        TokenHint => "A token of the API, such as the one in the file admin-token of the server's data directory.", "Ein Token der API, zum Beispiel das in der Datei admin-token im Datenverzeichnis des Servers.";
        TokenUnknown => "This token is not known, or it is no longer valid.", "Dieses Token ist unbekannt oder nicht mehr gültig.";
        TokenNotForConsole => "This token has the role portal, for which the console has nothing to show.", "Dieses Token hat die Rolle portal, für die die Konsole nichts zu zeigen hat.";
        SignInWith => "Sign in with {}", "Mit {} anmelden";
        NotSignedIn => "You are not signed in", "Sie sind nicht angemeldet";
        SignInAgain => "Begin again", "Neu beginnen";
        SignInOtherwise => "Sign in another way", "Anders anmelden";
        SignInUnknown => "This sign-in was not begun in this browser, or it was finished already.", "Diese Anmeldung wurde nicht in diesem Browser begonnen, oder sie wurde schon abgeschlossen.";
        SignInExpired => "This sign-in took more than 10 minutes.", "Diese Anmeldung hat länger als 10 Minuten gedauert.";
        SignInUsed => "This sign-in was used already.", "Diese Anmeldung wurde schon benutzt.";
        ProviderUnavailable => "{} does not answer as expected now. Try again in a few minutes, or sign in another way.", "{} antwortet gerade nicht wie erwartet. Versuchen Sie es in einigen Minuten noch einmal, oder melden Sie sich anders an.";
        ProviderDenied => "{} reports that the sign-in was cancelled or is not allowed.", "{} meldet, dass die Anmeldung abgebrochen wurde oder nicht erlaubt ist.";
        ProviderRefused => "{} rejected the sign-in with the error {}. Tell the helpdesk.", "{} hat die Anmeldung mit dem Fehler {} abgelehnt. Wenden Sie sich an den Helpdesk.";
        ProviderUnproven => "What {} sent could not be verified. Begin again; if that does not help, tell the helpdesk.", "Was {} gesendet hat, konnte nicht geprüft werden. Beginnen Sie neu; wenn das nicht hilft, wenden Sie sich an den Helpdesk.";
        ProviderNoRole => "{} names no role for you in this console. Found: {}.", "{} nennt für Sie keine Rolle in dieser Konsole. Gefunden: {}.";
        ProviderNoUser => "{} sent neither an e-mail address that it has verified nor a user principal name (UPN). Tell the helpdesk.", "{} hat weder eine bestätigte E-Mail-Adresse noch einen Benutzerprinzipalnamen (UPN) gesendet. Wenden Sie sich an den Helpdesk.";
        ProviderNoDevice => "No tablet is registered for {}. Ask the helpdesk.", "Für {} ist kein Tablet registriert. Fragen Sie den Helpdesk.";
        TooManyTries => "Too many attempts from this address. Wait a minute, then try again.", "Zu viele Versuche von dieser Adresse. Warten Sie eine Minute und versuchen Sie es dann noch einmal.";
        SignedOut => "You are signed out.", "Sie sind abgemeldet.";
        SessionEnded => "Your session has ended. Sign in again.", "Ihre Sitzung ist beendet. Melden Sie sich neu an.";
    }
}
