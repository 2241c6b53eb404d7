"""What the synthetic voices say, by espeak-ng's name of the language; written for this project.

The names are those that take a variant: ``en-gb+f2`` speaks as plain ``en-gb``, and says nothing.
"""

from __future__ import annotations

TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "train": {
        "en-us": (
            "Good evening. The weather for tomorrow: light rain in the morning, then sunshine.",
            "Turn left after 300 yards, then keep right until you reach the old bridge.",
            "I told her that the meeting was moved to Thursday, but nobody wrote it down.",
            "Boil the water, add two spoons of salt, and wait for about nine minutes.",
        ),
        "de": (
            "Der nächste Zug nach Köln fährt heute von Gleis 14 und hat 20 Minuten Verspätung.",
            "Könntest du bitte noch Brot, Milch und ein Pfund Kaffee mitbringen?",
            "Gestern Abend haben wir lange am Küchentisch gesessen und Karten gespielt.",
        ),
        "es": (
            "Buenas tardes, ¿me puede decir a qué hora cierra la biblioteca los sábados?",
            "Mi abuela guarda las llaves en un cajón de la cocina, debajo de los manteles.",
            "Mañana habrá viento fuerte en la costa y algunas nubes por la tarde.",
        ),
        "ru": (
            "Завтра утром мы поедем на дачу, если не будет дождя.",
            "Скажите, пожалуйста, где находится ближайшая аптека?",
            "Он долго смотрел в окно, а потом закрыл книгу и вышел из комнаты.",
        ),
        "cmn": (
            "今天下午有雨，出门请带伞。",
            "请问，去火车站怎么走？大概需要多长时间？",
            "我昨天在图书馆看了三个小时的书。",
        ),
        "tr": (
            "Yarın sabah erken kalkıp pazara gideceğiz, sonra da kahvaltı yapacağız.",
            "Affedersiniz, bu otobüs şehir merkezinden geçiyor mu?",
        ),
        "hi": (
            "कल सुबह हम बाज़ार जाएँगे और ताज़ी सब्ज़ियाँ लाएँगे।",
            "क्या आप बता सकते हैं कि अगली गाड़ी कितने बजे आएगी?",
        ),
        "sw": (
            "Habari za asubuhi. Leo tutakwenda sokoni kununua matunda na mboga.",
            "Tafadhali niambie, basi la mwisho linaondoka saa ngapi?",
        ),
    },
    "test": {
        "en-gb-x-rp": (
            "Mind the step, please. The lift to the second floor is out of order this week.",
            "She had walked the dog twice before anyone else in the house was awake.",
            "There are 47 boxes in the hall, and every one of them has to go upstairs.",
        ),
        "fr": (
            "Le magasin ferme dans un quart d'heure, merci de vous diriger vers les caisses.",
            "Je ne sais plus où j'ai posé mes lunettes, peut-être près de la fenêtre.",
            "Prenez la deuxième rue à droite, puis continuez tout droit jusqu'à la place.",
        ),
        "it": (
            "Domani il museo apre alle nove e mezza, ma la biglietteria è già aperta alle nove.",
            "Mio fratello lavora in una piccola officina vicino al porto.",
        ),
        "pl": (
            "Proszę zamknąć okno, bo na dworze jest dzisiaj bardzo zimno.",
            "W sobotę pojedziemy do babci, a w niedzielę wrócimy wieczornym pociągiem.",
        ),
        "fi": (
            "Huomenna sataa lunta koko maassa, ja illalla pakastuu.",
            "Voisitko sanoa, missä lähin posti on ja milloin se aukeaa?",
        ),
        "ar": ("صباح الخير، متى يفتح المتحف اليوم؟", "سنذهب غدا إلى السوق لنشتري الخبز والفواكه."),
        "vi": (
            "Ngày mai trời sẽ mưa vào buổi chiều, nhớ mang theo áo mưa nhé.",
            "Xin hỏi, chuyến tàu tiếp theo khởi hành lúc mấy giờ?",
        ),
        "el": (
            "Αύριο το πρωί θα πάμε στην αγορά και μετά για καφέ.",
            "Συγγνώμη, πού είναι η στάση του λεωφορείου;",
        ),
    },
}

VARIANTS = {
    "train": ("m1", "m3", "m7", "f1", "f3", "klatt", "klatt3", "anika", "max", "steph", "victor"),
    "test": ("m2", "m5", "m8", "f2", "f4", "klatt2", "klatt4", "linda", "adam", "shelby", "travis"),
}
"""espeak-ng's voices, which speak any language; those of the test are not those of training."""
